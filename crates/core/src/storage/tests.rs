use super::*;
use crate::group_id::GroupId;

fn store() -> Store {
    Store::create(&StoreKey::from([1; 32]), &RustCrypto::default()).unwrap()
}

fn take_writes(store: &Store) -> Vec<Write> {
    store.take_writes(&RustCrypto::default())
}

fn key(name: u8) -> Key {
    Key::of(Kind::Health).with(&[name])
}

#[test]
fn a_failed_operation_leaves_no_trace() {
    let store = store();
    store.write(&key(1), &1u32).unwrap();
    let outcome: Result<()> = store.transaction(|| {
        store.write(&key(1), &2u32)?;
        store.write(&key(2), &3u32)?;
        store.delete(&key(1));
        Err(CoreError::Internal)
    });
    assert_eq!(outcome, Err(CoreError::Internal));
    assert_eq!(store.read::<u32>(&key(1)), Ok(Some(1)));
    assert_eq!(store.read::<u32>(&key(2)), Ok(None));
    assert_eq!(take_writes(&store).len(), 2, "the record, and the list of all");
}

#[test]
fn writes_are_ordered_and_coalesced() {
    let store = store();
    store.write(&key(1), &1u32).unwrap();
    store.write(&key(2), &1u32).unwrap();
    store.write(&key(2), &1u32).unwrap();
    store.write(&key(1), &2u32).unwrap();
    store.delete(&key(3));
    let keys: Vec<_> = take_writes(&store).into_iter().map(|write| write.key).collect();
    assert_eq!(keys, [key(2).bytes(), key(1).bytes(), Key::of(Kind::Store).bytes()]);
    assert!(take_writes(&store).is_empty());
}

#[test]
fn an_unreadable_record_is_named_even_if_the_caller_loses_the_cause() {
    let store = store();
    store.put(key(9).bytes(), Some(Value::new(codec::encode(&7u64).unwrap()[..1].to_vec())));
    let outcome: Result<()> = store.transaction(|| {
        let _ = store.read::<u64>(&key(9));
        Err(CoreError::Internal)
    });
    assert_eq!(outcome, Err(CoreError::StoreCorrupt { record: "health/09".into() }));
}

#[test]
fn newer_and_foreign_records_are_refused() {
    let outcome = |key: &[u8], value: Vec<u8>| {
        let store = store();
        store.put(key, Some(Value::new(value)));
        let records = take_writes(&store).into_iter();
        let records = records.map(|write| Record { key: write.key, value: write.value.unwrap() });
        Store::open(&StoreKey::from([1; 32]), records, &RustCrypto::default()).err()
    };
    let corrupt = |error: Option<CoreError>| matches!(error, Some(CoreError::StoreCorrupt { .. }));
    assert_eq!(outcome(key(9).bytes(), vec![1, 7]), None);
    assert_eq!(outcome(key(9).bytes(), vec![2, 0]), Some(CoreError::StoreTooNew));
    assert!(corrupt(outcome(key(9).bytes(), vec![])));
    assert!(corrupt(outcome(key(9).bytes(), vec![0, 0])));
    assert!(corrupt(outcome(&[0xee], vec![1, 0])));
}

/// A store with records of its own and of a group, and what it has written.
fn store_with_group(id: GroupId) -> (Store, Vec<Record>) {
    let store = store();
    store.write(&key(1), &1u32).unwrap();
    for kind in [Kind::OwnLeaf, Kind::Tree, Kind::EpochSecrets] {
        store.write(&id.key(kind), &7u32).unwrap();
    }
    let writes = take_writes(&store).into_iter().filter(|write| write.group == Some(id));
    let records = writes.map(|write| Record { key: write.key, value: write.value.unwrap() }).collect();
    (store, records)
}

#[test]
fn no_record_of_an_unloaded_group_stays_in_memory() {
    let id = GroupId([7; 16]);
    let (store, records) = store_with_group(id);
    let own = store.keys_from(key(1).bytes());
    store.unload_group(id).unwrap();
    assert_eq!(store.keys_from(&[]), own);
    assert_eq!(store.require_group(id), Err(CoreError::GroupNotLoaded));
    store.load_group(id, records).unwrap();
    assert_eq!(store.read::<u32>(&id.key(Kind::Tree)), Ok(Some(7)));
}

#[test]
fn a_group_is_not_unloaded_before_its_writes_are_taken() {
    let id = GroupId([7; 16]);
    let (store, _) = store_with_group(id);
    store.write(&key(1), &2u32).unwrap();
    store.delete(&id.key(Kind::EpochSecrets));
    let refusal = CoreError::BadInput("the group has writes that have not been taken");
    assert_eq!(store.unload_group(id), Err(refusal));
    take_writes(&store);
    store.write(&key(1), &3u32).unwrap();
    assert_eq!(store.unload_group(id), Ok(()), "what waits is not the group's");
}
