//! That the runner bites: a case with anything changed fails, a file that is not what it should be fails, and each says
//! where. Without these, a runner that compares nothing would pass every vector.

use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use crate::{
    file, headers, messages, passive,
    report::{FileReport, Report, Skip},
    vectors,
};

/// A case of suite 1 with a PSK, and one whose ratchet tree travels apart.
fn passive_case() -> Value {
    vectors::cases("passive-client-handling-commit.json.gz").swap_remove(0)
}

fn welcome_case() -> Value {
    let mut cases = vectors::cases("passive-client-welcome.json.gz");
    cases.retain(|case| case["cipher_suite"] == 1 && case["ratchet_tree"].is_string());
    cases.swap_remove(0)
}

fn message_case() -> Value {
    vectors::cases("messages.json.gz").swap_remove(0)
}

/// A case that is skipped: it ends with an external sender's proposal.
fn external_case() -> Value {
    vectors::cases("external-proposals.json.gz").swap_remove(0)
}

/// Changes a case, runs it, and gives the words of its failure.
fn failure(mut case: Value, change: impl FnOnce(&mut Value)) -> String {
    change(&mut case);
    let report = file::run_cases("changed.json", &[case]);
    assert_eq!((report.passed, report.skipped(), report.failures.len()), (0, 0, 1), "{report}");
    report.failures.into_iter().next().unwrap()
}

/// Flips the lowest bit of the byte in the middle of a field.
fn flip(bytes: &mut Value) {
    let mut digits = bytes.as_str().unwrap().to_owned();
    let at = digits.len() / 4 * 2 + 1;
    let digit = u8::from_str_radix(&digits[at..=at], 16).unwrap() ^ 1;
    digits.replace_range(at..=at, &format!("{digit:x}"));
    *bytes = Value::String(digits);
}

#[test]
fn a_flipped_bit_in_any_value_of_a_passive_client_fails() {
    for field in ["key_package", "signature_priv", "encryption_priv", "init_priv", "welcome"] {
        failure(passive_case(), |case| flip(&mut case[field]));
    }
    failure(passive_case(), |case| flip(&mut case["external_psks"][0]["psk"]));
    failure(passive_case(), |case| flip(&mut case["external_psks"][0]["psk_id"]));
    failure(welcome_case(), |case| flip(&mut case["ratchet_tree"]));
    for epoch in 0..2 {
        failure(passive_case(), |case| flip(&mut case["epochs"][epoch]["commit"]));
    }
}

#[test]
fn a_wrong_epoch_authenticator_fails_and_is_named() {
    let at_join = failure(passive_case(), |case| flip(&mut case["initial_epoch_authenticator"]));
    assert_eq!(at_join, "case 0: suite 0x0001: after joining: the epoch authenticators differ");
    let later = failure(passive_case(), |case| flip(&mut case["epochs"][1]["epoch_authenticator"]));
    assert_eq!(later, "case 0: suite 0x0001: `epochs`, entry 1: the epoch authenticators differ");
    let empty = failure(passive_case(), |case| case["initial_epoch_authenticator"] = json!(""));
    assert!(empty.contains("the epoch authenticators differ"), "{empty}");
}

#[test]
fn a_flipped_bit_in_a_proposal_fails() {
    let cases = vectors::cases("passive-client-random.json.gz");
    let mut case = cases[0].clone();
    let epochs = case["epochs"].as_array_mut().unwrap();
    let with_proposal = epochs.iter().position(|epoch| epoch["proposals"].get(0).is_some()).unwrap();
    epochs.truncate(with_proposal + 1);
    assert_eq!(file::run_cases("short.json", &[case.clone()]).passed, 1);
    failure(case, |case| flip(&mut case["epochs"][with_proposal]["proposals"][0]));
}

#[test]
fn a_case_cannot_hide_behind_an_external_proposal() {
    let report = file::run_cases("external.json", &[external_case()]);
    assert_eq!(report.skips.get(&Skip::ExternalProposal), Some(&1), "{report}");
    assert!(report.to_string().contains("1 skipped: openmls takes no such proposal of an external sender"), "{report}");
    // What comes before the proposal is compared, and the proposal's signature is checked.
    failure(external_case(), |case| flip(&mut case["initial_epoch_authenticator"]));
    failure(external_case(), |case| flip(&mut case["epochs"][0]["epoch_authenticator"]));
    failure(external_case(), |case| flip(&mut case["epochs"][1]["proposals"][0]));
}

#[test]
fn a_case_cannot_hide_behind_a_suite_that_is_not_built() {
    for suite in [3, 4, 0xf0f0] {
        let words = failure(passive_case(), |case| case["cipher_suite"] = json!(suite));
        assert!(words.contains("not of the case's suite"), "{words}");
    }
    let words = failure(passive_case(), |case| case["cipher_suite"] = json!(0x1_0001));
    assert!(words.contains("`cipher_suite` is not a number in its range"), "{words}");
}

#[test]
fn a_file_of_other_suites_is_skipped_with_the_reason_and_good() {
    let mut cases = vectors::cases("passive-client-welcome.json.gz");
    cases.retain(|case| case["cipher_suite"] == 5);
    let report = file::run_cases("others.json", &cases);
    assert_eq!(report.skips.get(&Skip::SuiteNotBuilt(5)), Some(&cases.len()));
    let report = Report { files: vec![report] };
    assert!(report.is_good());
    let words = report.to_string();
    assert!(words.contains("8 skipped: suite 0x0005 is not built"), "{words}");
    assert!(words.contains("nothing ran"), "{words}");
    // Skipped is not unread: such a case must be whole.
    let words = failure(cases.swap_remove(0), |case| without(case, "welcome"));
    assert_eq!(words, "case 0: the field `welcome` is missing");
}

#[test]
fn a_missing_field_fails_and_is_named() {
    let header = vectors::cases("deserialization.json.gz").swap_remove(4);
    let passive: Vec<_> = passive::FIELDS.into_iter().filter(|field| *field != "ratchet_tree").collect();
    let all =
        [(passive_case(), passive), (message_case(), messages::FIELDS.to_vec()), (header, headers::FIELDS.to_vec())];
    for (case, fields) in all {
        for field in fields {
            let words = failure(case.clone(), |case| without(case, field));
            assert!(words.contains(&format!("the field `{field}` is missing")), "{words}");
            let words = failure(case.clone(), |case| case[field] = json!("0g"));
            assert!(words.contains(&format!("the field `{field}` is not")), "{words}");
        }
    }
    let words = failure(passive_case(), |case| without(&mut case["epochs"][1], "commit"));
    assert_eq!(words, "case 0: `epochs`, entry 1: the field `commit` is missing");
    let report = file::run_cases("mixed.json", &[passive_case(), json!(7)]);
    assert_eq!((report.passed, report.failures), (1, vec!["case 1: is not an object".to_owned()]));
}

fn without(case: &mut Value, field: &str) {
    assert!(case.as_object_mut().unwrap().remove(field).is_some());
}

#[test]
fn fields_that_the_format_does_not_have_change_nothing() {
    for mut case in [passive_case(), message_case(), vectors::cases("deserialization.json.gz").swap_remove(4)] {
        case["comment"] = json!({ "by": "somebody" });
        let report = file::run_cases("extra.json", &[case]);
        assert_eq!((report.passed, report.failures), (1, vec![]));
    }
}

#[test]
fn a_struct_cut_short_lengthened_or_of_another_kind_fails() {
    for field in messages::FIELDS {
        let whole = message_case()[field].as_str().unwrap().to_owned();
        for changed in [&whole[..whole.len() - 2], &format!("{whole}00"), ""] {
            let words = failure(message_case(), |case| case[field] = json!(changed));
            assert!(words.contains(&format!("`{field}`: ")), "{words}");
        }
    }
    let (one, other) = ("mls_welcome", "public_message_proposal");
    let words = failure(message_case(), |case| case[one] = case[other].clone());
    assert!(words.contains("is a PublicMessage, not a Welcome"), "{words}");
    let words = failure(message_case(), |case| case[other] = case["public_message_commit"].clone());
    assert!(words.contains("holds a Commit, not a Proposal"), "{words}");
}

#[test]
fn a_wrong_header_fails() {
    let words = failure(json!({ "vlbytes_header": "4040", "length": 65 }), |_| ());
    assert!(words.contains("the header says 64"), "{words}");
    // Longer than it needs to be, with a byte too many, cut short, and of the length that RFC 9420 §2.1.2 forbids.
    for header in ["403f", "4040ff", "40", "c000000000000040"] {
        failure(json!({ "vlbytes_header": header, "length": 64 }), |_| ());
    }
}

#[test]
fn what_is_no_file_of_vectors_fails() {
    let words = |bytes: &[u8]| {
        let report: FileReport = file::run("strange.json", bytes);
        assert!(!Report { files: vec![report] }.is_good());
        file::run("strange.json", bytes).failures.join("")
    };
    assert!(words(b"").contains("is not JSON"));
    assert!(words(b"[{]").contains("is not JSON"));
    assert!(words(b"\x1f\x8b\x08 no gzip").contains("is not gzip"));
    assert!(words(b"{}").contains("is not an array of cases"));
    assert!(words(b"[]").contains("holds no case"));
    // tree-math.json of the same working group.
    assert!(words(br#"[{"n_leaves": 1, "n_nodes": 1, "root": 0}]"#).contains("no format that this runner knows"));
    let cut = &vectors::ALL[1].1[..1_000];
    assert!(words(cut).contains("is not gzip"));
    assert!(!Report { files: vec![] }.is_good());
}
