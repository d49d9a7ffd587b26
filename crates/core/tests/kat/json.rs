//! Reads what a case must have, and says which field is wrong where it does not.

use serde_json::{Map, Value};

/// A JSON object of the vectors. Fields that we do not know are left alone.
#[derive(Clone, Copy)]
pub(crate) struct Object<'a>(&'a Map<String, Value>);

impl<'a> Object<'a> {
    pub(crate) fn of(value: &'a Value) -> Result<Self, String> {
        value.as_object().map(Self).ok_or_else(|| "is not an object".to_owned())
    }

    fn field(self, name: &str) -> Result<&'a Value, String> {
        self.0.get(name).ok_or_else(|| format!("the field `{name}` is missing"))
    }

    pub(crate) fn bytes(self, name: &str) -> Result<Vec<u8>, String> {
        bytes(self.field(name)?).ok_or_else(|| format!("the field `{name}` is not a string of hex bytes"))
    }

    /// None where the field is null or absent: the format calls it optional.
    pub(crate) fn optional_bytes(self, name: &str) -> Result<Option<Vec<u8>>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.bytes(name).map(Some),
        }
    }

    pub(crate) fn number<T: TryFrom<u64>>(self, name: &str) -> Result<T, String> {
        let number = self.field(name)?.as_u64().and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("the field `{name}` is not a number in its range"))
    }

    pub(crate) fn byte_strings(self, name: &str) -> Result<Vec<Vec<u8>>, String> {
        let strings = self.array(name)?.iter().map(bytes).collect::<Option<_>>();
        strings.ok_or_else(|| format!("the field `{name}` is not an array of hex bytes"))
    }

    /// Reads each object of an array; an error names its place.
    pub(crate) fn objects<T>(
        self,
        name: &str,
        read: impl Fn(Object<'a>) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let read_at =
            |(at, value)| Object::of(value).and_then(&read).map_err(|reason| format!("`{name}`, entry {at}: {reason}"));
        self.array(name)?.iter().enumerate().map(read_at).collect()
    }

    fn array(self, name: &str) -> Result<&'a Vec<Value>, String> {
        self.field(name)?.as_array().ok_or_else(|| format!("the field `{name}` is not an array"))
    }
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    let digits = value.as_str()?.as_bytes();
    if digits.len() % 2 != 0 {
        return None;
    }
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
