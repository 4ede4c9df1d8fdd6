//! What the README shows first, in an app that has installed the crate: prints the link, and then who signed in.

use loggin::{Error, Loggin};

fn main() -> Result<(), Error> {
    let client = Loggin::from_env()?;
    let login = client.create_token("8XKPQ2WN")?;
    println!("{}", login.link);
    println!("{}", client.wait_for_verify(login.token)?.phone.expose());
    Ok(())
}
