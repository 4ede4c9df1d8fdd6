//! Counts the bytes that the process holds on its heap: to the byte, where its resident memory is a guess of pages.
#![allow(unsafe_code)] // an allocator is unsafe by its nature

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

#[global_allocator]
static HEAP: Heap = Heap { held: AtomicUsize::new(0) };

/// The system's allocator, and a count of what it has handed out.
struct Heap {
    held: AtomicUsize,
}

// SAFETY: every block comes from the system's allocator and goes back to it, with the layout it was asked for.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.held.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.held.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Bytes that are held now, by all threads.
pub(crate) fn held_bytes() -> usize {
    HEAP.held.load(Ordering::Relaxed)
}
