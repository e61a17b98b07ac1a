//! What a component needs and the standard library would have brought.
//!
//! An instance lives for one call and runs in one thread, which makes all of it simple.

#![expect(
    unsafe_code,
    reason = "an allocator hands out memory, and C's functions for memory get addresses"
)]

mod allocator;
mod memory;

use core::{
    alloc::{GlobalAlloc, Layout},
    arch::wasm32,
    panic::PanicInfo,
    ptr,
};

use allocator::Bump;

#[global_allocator]
static ALLOCATOR: Bump = Bump;

/// A panic is a trap. Its message would have nowhere to go, and to write it would take
/// most of a small plugin's size.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}

/// Makes room for what the host passes: the canonical ABI's `realloc`.
///
/// # Safety
/// As the canonical ABI has it: `old` is nothing or was made here with `old_size` and
/// `align`.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_realloc(
    old: *mut u8,
    old_size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    if new_size == 0 {
        return ptr::without_provenance_mut(align);
    }
    // SAFETY: the canonical ABI's alignments are small powers of two.
    let layout = |size| unsafe { Layout::from_size_align_unchecked(size, align) };
    // SAFETY: the sizes are not 0, and what there was was made by the same allocator.
    let made = unsafe {
        match old_size {
            0 => ALLOCATOR.alloc(layout(new_size)),
            _ => ALLOCATOR.realloc(old, layout(old_size), new_size),
        }
    };
    if made.is_null() {
        wasm32::unreachable();
    }
    made
}
