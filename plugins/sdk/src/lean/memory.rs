//! The functions of C over memory that the compiler calls on its own.

/// Compares two stretches of memory: below 0, 0 or above 0.
///
/// # Safety
/// Both have `length` bytes.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, length: usize) -> i32 {
    let mut at = 0;
    // SAFETY: `at` is below `length`.
    unsafe {
        while at < length {
            let (one, other) = (*left.add(at), *right.add(at));
            if one != other {
                return i32::from(one) - i32::from(other);
            }
            at += 1;
        }
    }
    0
}
