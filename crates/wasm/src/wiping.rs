//! An allocator that wipes what is freed: openmls's own buffers, serde's, what vectors leave behind when they grow, and
//! the copies on the way from and to JavaScript, whose types all know nothing of wiping.
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
