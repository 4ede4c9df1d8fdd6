//! Wakes an asyncio loop from a thread that never attaches to Python: by a byte on a socket that the loop watches.
//!
//! Nothing stands between a thread of the core and the loop, and a loop whose waits settle in a burst wakes once. The
//! package sees to it that the loop watches. Nothing here calls Python code: where the interpreter is about to exit, a
//! thread may end in any such call, and no thread may end in the midst of ours.

use std::{
    io::{self, Read, Write},
    mem,
    os::{
        fd::{AsRawFd, RawFd},
        unix::net::UnixStream,
    },
    sync::{Arc, Mutex, PoisonError},
};

use pyo3::{prelude::*, types::PyList};

use crate::settled::{Settled, outcomes};

/// Enough for every byte that can lie in the socket: one is written when the queue stops being empty.
const ROOM: usize = 64;

/// A socket pair that a loop watches. The loop keeps it, and lets it go when it is closed.
#[pyclass(frozen, weakref, module = "loggin._native")]
pub(crate) struct WakeupPipe {
    queue: Arc<Queue>,
    read_end: UnixStream,
}

/// What settled for one loop.
pub(crate) struct Queue {
    settled: Mutex<Vec<Settled>>,
    write_end: UnixStream,
}

impl Queue {
    /// Queues a result; called on threads of the core.
    pub(crate) fn push(&self, settled: Settled) {
        let mut queue = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        let was_empty = queue.is_empty();
        queue.push(settled);
        drop(queue);
        if was_empty {
            // It fails only where the loop is closed: nobody waits then.
            let _ = (&self.write_end).write(&[1]);
        }
    }
}

impl WakeupPipe {
    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }
}

#[pymethods]
impl WakeupPipe {
    #[new]
    fn new() -> io::Result<Self> {
        let (write_end, read_end) = UnixStream::pair()?;
        write_end.set_nonblocking(true)?;
        read_end.set_nonblocking(true)?;
        Ok(Self { queue: Arc::new(Queue { settled: Mutex::default(), write_end }), read_end })
    }

    /// What the loop is to watch.
    fn fileno(&self) -> RawFd {
        self.read_end.as_raw_fd()
    }

    /// Takes what is there, on the loop.
    fn collect<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        // Emptied before the queue is: what comes between wakes again.
        let mut bytes = [0; ROOM];
        match (&self.read_end).read(&mut bytes) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error.into()),
            _ => {}
        }
        let settled = mem::take(&mut *self.queue.settled.lock().unwrap_or_else(PoisonError::into_inner));
        outcomes(py, settled)
    }
}
