//! The program `loggin-server`; all of it stands in the library, so that tests reach it too.

use std::process::ExitCode;

fn main() -> ExitCode {
    loggin_server::main()
}
