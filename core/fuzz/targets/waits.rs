//! Operation sequences of the machine that waits: its law holds after each, and in the end every wait has settled.
//!
//! `core/protocol/src/waits/tests/steps.rs` reads the bytes and runs them; its tests run the corpus as well. An input begins with a
//! byte that is odd where the server takes few tokens a stream. Each step is a byte, of which the lower half counts,
//! and as many 16-bit values, little-endian, as it needs:
//!
//! | byte | step | values |
//! | --- | --- | --- |
//! | 0–2 | a wait begins | login, patience in 8 ms |
//! | 3 | many waits begin | first login, count |
//! | 4 | a wait is cancelled | wait |
//! | 5–6 | somebody signs in | login |
//! | 7 | a login expires | login |
//! | 8 | an event comes again | stream, login |
//! | 9 | a stream is lost | stream |
//! | 10 | the server asks for a pause | stream, milliseconds |
//! | 11 | the end of a closed stream is reported | stream |
//! | 12 | the server refuses a stream | stream |
//! | 13 | shutdown (0), server up or down (4n, 4n + 1), latency | which |
//! | 14, 15 | time passes | milliseconds, or 8 ms |
#![no_main]

use libfuzzer_sys::fuzz_target;
use loggin_protocol::waits;

fuzz_target!(|input: &[u8]| waits::assert_law(input));
