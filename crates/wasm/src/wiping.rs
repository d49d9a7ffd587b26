//! Memory that calls leave behind is wiped, whatever was in it.
//!
//! **The heap**, by an allocator that wipes what is freed: openmls's own buffers, serde's, what vectors leave behind when
//! they grow, and the copies on the way from and to JavaScript, whose types all know nothing of wiping. **The stack**, to
//! the depth that calls reach: values are moved over it, and moving copies.
//!
//! The crate `zeroizing-alloc` does the same; what it inlines at every place that frees makes the wasm 58 kB larger.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
};

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

struct Wiping;

// SAFETY: every block comes from and goes back to `System`, with the layout that it was asked for. `realloc` is the
// trait's own: a new block, a copy, and `dealloc` of the old one, so that nothing stays in its place.
#[expect(unsafe_code, reason = "an allocator cannot be written without")]
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller gives up a block of this size. Nobody may read it any more, so the compiler must not see
        // that these zeros go to memory that is about to be freed: it could leave them out.
        unsafe {
            black_box(block).write_bytes(0, layout.size());
            System.dealloc(black_box(block), layout);
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc_zeroed(layout) }
    }
}

/// More than any call was seen to use: 52 kB, to join a group in the hybrid suite.
const DEEP: usize = 64 * 1024;
/// More than encrypting (3 kB) and reading (15 kB, where it takes over the changes of another handle) were seen to use.
/// Wiping `DEEP` would be a twentieth of what encrypting takes.
const SHALLOW: usize = 24 * 1024;

/// Runs a call and wipes the stack that it used.
pub(crate) fn wiped<T>(call: impl FnOnce() -> T) -> T {
    let outcome = in_its_own_frame(call);
    wipe_stack::<DEEP>();
    outcome
}

/// [`wiped`], for calls that use little stack.
pub(crate) fn wiped_shallow<T>(call: impl FnOnce() -> T) -> T {
    let outcome = in_its_own_frame(call);
    wipe_stack::<SHALLOW>();
    outcome
}

/// Keeps everything that the call moves below the caller's frame. What it returns is in that frame, so it must be no
/// secret, but a pointer to one may be.
#[inline(never)]
fn in_its_own_frame<T>(call: impl FnOnce() -> T) -> T {
    call()
}

/// Takes the place that the last call had, with zeros.
#[inline(never)]
fn wipe_stack<const BYTES: usize>() {
    black_box(&mut [0u8; BYTES]);
}
