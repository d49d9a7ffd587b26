//! Errors as JavaScript sees them.

use quicprochat_core::CoreError;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
/** What every function here throws. The codes are those of coreErrorCodes(). */
export interface CoreError extends Error {
  readonly name: 'CoreError';
  readonly code: string;
}
";

#[wasm_bindgen]
extern "C" {
    /// A JavaScript `Error` with a name and a code.
    #[wasm_bindgen(extends = js_sys::Error, js_name = Error, typescript_type = "CoreError")]
    pub type Thrown;

    #[wasm_bindgen(method, setter, structural)]
    fn set_code(this: &Thrown, code: &str);

    #[wasm_bindgen(method, setter, structural, js_name = name)]
    fn set_error_name(this: &Thrown, name: &str);
}

/// The error to throw: code and message, no more.
pub(crate) fn thrown(error: &CoreError) -> Thrown {
    let thrown: Thrown = JsValue::from(js_sys::Error::new(&error.to_string())).unchecked_into();
    thrown.set_error_name("CoreError");
    thrown.set_code(error.code());
    thrown
}
