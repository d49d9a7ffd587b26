//! Which strings are handles. `handleSchema` in packages/protocol has the same rule; packages/protocol/src/handles.json
//! holds the two together.

/// Longest handle, in characters, which are bytes here.
const MAX_LENGTH: usize = 32;

/// Whether a string is a handle: 1 to 32 of `a-z`, `0-9`, `.`, `_` and `-`, a letter or digit first. No other alphabet,
/// so that two handles that look alike are the same, and so that a handle cannot break or turn around the text that it
/// stands in.
pub(crate) fn is_handle(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let [first, rest @ ..] = text.as_bytes() else { return false };
    let is_allowed = |byte: &u8| is_plain(*byte) || matches!(byte, b'.' | b'_' | b'-');
    text.len() <= MAX_LENGTH && is_plain(*first) && rest.iter().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Row {
        handle: String,
        valid: bool,
    }

    #[test]
    fn the_alphabet_is_the_protocols() {
        let rows: Vec<Row> =
            serde_json::from_str(include_str!("../../../../packages/protocol/src/handles.json")).unwrap();
        assert!(rows.iter().any(|row| row.valid) && rows.iter().any(|row| !row.valid));
        for Row { handle, valid } in rows {
            assert_eq!(is_handle(&handle), valid, "{handle:?}");
        }
    }
}
