//! What follows a panic: the instance is poisoned, and every later call says so instead of working on broken state.

use std::sync::atomic::{AtomicBool, Ordering};

use quicprochat_core::CoreError;
use wasm_bindgen::JsValue;

use crate::{
    error::{Thrown, thrown},
    wiping::{wiped, wiped_shallow},
};

static POISONED: AtomicBool = AtomicBool::new(false);

/// Makes panics throw `INTERNAL` to the caller of the call that panicked, and poison the instance. Nothing of the
/// panic's text leaves: it could quote data.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|_| {
        POISONED.store(true, Ordering::Relaxed);
        wasm_bindgen::throw_val(JsValue::from(thrown(&CoreError::Internal)));
    }));
}

/// Runs a call unless the instance is poisoned, and wipes what it leaves on the stack.
pub(crate) fn guarded<T>(call: impl FnOnce() -> Result<T, CoreError>) -> Result<T, Thrown> {
    sound()?;
    wiped(call).map_err(|error| thrown(&error))
}

/// [`guarded`], for calls that use little stack.
pub(crate) fn guarded_shallow<T>(call: impl FnOnce() -> Result<T, CoreError>) -> Result<T, Thrown> {
    sound()?;
    wiped_shallow(call).map_err(|error| thrown(&error))
}

fn sound() -> Result<(), Thrown> {
    if POISONED.load(Ordering::Relaxed) { Err(thrown(&CoreError::Internal)) } else { Ok(()) }
}
