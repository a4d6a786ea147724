//! Ctrl-C: the first one asks the running solver to stop, so that the answer so far is written; the second one ends the
//! program.

use southwell::runtime::CancelToken;
use std::sync::OnceLock;

/// Exit code of a program that an interrupt ended.
const INTERRUPTED: i32 = 130;

/// The token that the first Ctrl-C trips.
pub fn token() -> &'static CancelToken {
    static TOKEN: OnceLock<CancelToken> = OnceLock::new();
    TOKEN.get_or_init(|| {
        let token = CancelToken::new();
        let tripped = token.clone();
        let interrupted = move || {
            if tripped.is_tripped() {
                std::process::exit(INTERRUPTED);
            }
            tripped.trip();
        };
        // Where there is no handler to be had, Ctrl-C ends the program as it always does.
        let _ = ctrlc::set_handler(interrupted);
        token
    })
}
