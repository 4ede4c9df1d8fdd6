//! Writes the Kotlin and Swift sources out of the built library. It is a crate of its own, so that what it needs for
//! that never gets into an app.

fn main() {
    uniffi::uniffi_bindgen_main();
}
