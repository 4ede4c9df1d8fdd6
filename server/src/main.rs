//! The program `loggin-server`; all of it stands in the library, so that tests reach it too.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// An eighth of the server's time went into the system's allocator, which also keeps more of what was freed.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    loggin_server::main()
}
