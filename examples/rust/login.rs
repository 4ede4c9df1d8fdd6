//! Signs one person in: prints the link and its QR code, waits, and prints who it was.
//!
//! Run it with `cargo run -p loggin --example login` beside `loggin-server dev`.

use loggin::{Error, Loggin};

fn main() -> Result<(), Error> {
    let client = Loggin::from_env()?;
    let login = client.create_token("8XKPQ2WN")?;
    println!("Open this link and tap Send:\n{}\n{}", login.link, login.qr_terminal()?);
    let session = client.wait_for_verify(login.token)?;
    println!("{} signed in to {}", session.phone.expose(), session.app_key);
    Ok(())
}
