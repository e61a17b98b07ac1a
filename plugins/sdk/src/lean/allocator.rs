//! Memory for one call: it is handed out from the bottom to the top.

use core::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32,
    ptr,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

/// An allocator that moves a pointer. Only the topmost block can be freed, grown and
/// shrunk in place; the room of the others is not used again before the instance ends,
/// which is when the call does.
pub(super) struct Bump;

/// The end of the topmost block, and of what there is. Atomics, so that no `unsafe` is
/// needed to change them; without threads they are ordinary memory.
static TOP: AtomicUsize = AtomicUsize::new(0);
static END: AtomicUsize = AtomicUsize::new(0);

/// A page of WebAssembly's memory, in bytes.
const PAGE: usize = 64 << 10;

// SAFETY: blocks do not overlap, because `TOP` is behind all that are in use, and they
// are within the memory, because `END` is.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        take(TOP.load(Relaxed), layout)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_topmost(block, layout) {
            TOP.store(block.addr(), Relaxed);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's, and a `Layout` of it was made before.
        let new = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        if is_topmost(block, layout) {
            return take(block.addr(), new);
        }
        if new_size <= layout.size() {
            return block;
        }
        let made = take(TOP.load(Relaxed), new);
        if !made.is_null() {
            // SAFETY: both are at least as long as the old block, and do not overlap.
            unsafe { ptr::copy_nonoverlapping(block, made, layout.size()) };
        }
        made
    }
}

fn is_topmost(block: *mut u8, layout: Layout) -> bool {
    block.addr().wrapping_add(layout.size()) == TOP.load(Relaxed)
}

/// Takes the first block of this layout at or behind a place; null if there is none.
fn take(from: usize, layout: Layout) -> *mut u8 {
    match fit(from, layout) {
        Some((start, end)) if end <= END.load(Relaxed) => {
            TOP.store(end, Relaxed);
            ptr::with_exposed_provenance_mut(start)
        }
        _ => take_after_growth(from, layout),
    }
}

/// Where a block of this layout would begin and end; nothing beyond the address space.
fn fit(from: usize, layout: Layout) -> Option<(usize, usize)> {
    let start = from.checked_next_multiple_of(layout.align())?;
    Some((start, start.checked_add(layout.size())?))
}

#[cold]
#[inline(never)]
fn take_after_growth(from: usize, layout: Layout) -> *mut u8 {
    unsafe extern "C" {
        /// Where the linker's own data end, and with it the stack.
        static __heap_base: u8;
    }
    // The first block of all is behind the linker's data, and the memory that the
    // instance begins with is mostly enough.
    let from = match from {
        0 => (&raw const __heap_base).addr(),
        _ => from,
    };
    let Some((start, end)) = fit(from, layout) else {
        return ptr::null_mut();
    };
    let pages = wasm32::memory_size(0);
    let missing = end.div_ceil(PAGE).saturating_sub(pages);
    // Growing is dear for the host: as much again as there is, or if that is refused
    // only what is needed.
    if missing > 0 && !grow(missing.max(pages)) && !grow(missing) {
        return ptr::null_mut();
    }
    // 4 GiB cannot be said in 32 bits; their last byte is not missed.
    END.store(wasm32::memory_size(0).saturating_mul(PAGE), Relaxed);
    TOP.store(end, Relaxed);
    ptr::with_exposed_provenance_mut(start)
}

fn grow(pages: usize) -> bool {
    wasm32::memory_grow(0, pages) != usize::MAX
}
