/* @ts-self-types="./quicprochat_wasm.d.ts" */

/**
 * One device of one account: its keys, its key packages, its groups. Owned by the thread that made it.
 */
export class CoreClient {
    static __wrap(ptr) {
        const obj = Object.create(CoreClient.prototype);
        obj.__wbg_ptr = ptr;
        CoreClientFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        CoreClientFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_coreclient_free(ptr, 0);
    }
    /**
     * Gives up a group that does not load. Whoever stores the writes deletes all of the group's records with them.
     * @param {Uint8Array | number[]} group_id
     */
    abandonGroup(group_id) {
        const ptr0 = passArray8ToWasm0(group_id, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_abandonGroup(this.__wbg_ptr, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Takes a statement that revokes a device, and tells whose.
     * @param {Uint8Array | number[]} statement
     * @returns {DeviceIdentity}
     */
    acceptRevocation(statement) {
        const ptr0 = passArray8ToWasm0(statement, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_acceptRevocation(this.__wbg_ptr, ptr0, len0);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Ed25519 public key, 32 bytes.
     * @returns {Uint8Array}
     */
    accountKey() {
        const ret = wasm.coreclient_accountKey(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * A new group with this device as its only member. Its id has 16 bytes.
     * @param {Uint8Array | number[]} group_id
     * @param {number} suite
     * @param {number} now_ms
     * @returns {GroupMember}
     */
    createGroup(group_id, suite, now_ms) {
        const val2 = +suite;
        const val3 = +now_ms;
        const ptr0 = passArray8ToWasm0(group_id, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_createGroup(this.__wbg_ptr, ptr0, len0, val2, val3);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return GroupMember.__wrap(ret[0]);
    }
    /**
     * A new account with this as its first device. Its records are sealed with the store key: 32 random bytes.
     * @param {string} handle
     * @param {Uint8Array | number[]} store_key
     * @returns {CoreClient}
     */
    static create(handle, store_key) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passStringToWasm0(handle, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(store_key, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.coreclient_create(ptr0, len0, ptr1, len1);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return CoreClient.__wrap(ret[0]);
    }
    /**
     * Deletes a group that is in memory, all its records, and what handles hold of it.
     * @param {Uint8Array | number[]} group_id
     */
    deleteGroup(group_id) {
        const ptr0 = passArray8ToWasm0(group_id, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_deleteGroup(this.__wbg_ptr, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * The account key's signature over the device certificate's transcript, 64 bytes.
     * @returns {Uint8Array}
     */
    deviceCertificate() {
        const ret = wasm.coreclient_deviceCertificate(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * 16 bytes.
     * @returns {Uint8Array}
     */
    deviceId() {
        const ret = wasm.coreclient_deviceId(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * Ed25519 public key, 32 bytes.
     * @returns {Uint8Array}
     */
    deviceKey() {
        const ret = wasm.coreclient_deviceKey(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * Erases the keys in memory that no record there needs: what is left of writes that were taken and never committed.
     */
    eraseUnusedKeys() {
        const ret = wasm.coreclient_eraseUnusedKeys(this.__wbg_ptr);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Deletes the private keys of key packages that expired a week ago or longer; says of how many.
     * @param {number} now_ms
     * @returns {number}
     */
    forgetExpiredKeyPackages(now_ms) {
        const ret = wasm.coreclient_forgetExpiredKeyPackages(this.__wbg_ptr, now_ms);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] >>> 0;
    }
    /**
     * Deletes such a secret, if it is stored.
     * @param {Uint8Array | number[]} id
     */
    forgetPsk(id) {
        const ptr0 = passArray8ToWasm0(id, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_forgetPsk(this.__wbg_ptr, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Single-use key packages to publish, whose lifetime of 84 days begins now.
     * @param {number} suite
     * @param {number} count
     * @param {number} now_ms
     * @returns {Uint8Array[]}
     */
    generateKeyPackages(suite, count, now_ms) {
        const ret = wasm.coreclient_generateKeyPackages(this.__wbg_ptr, suite, count, now_ms);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayJsValueFromWasm0(ret[0], ret[1]);
        wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
        return v1;
    }
    /**
     * A key package for when the single-use ones have run out, whose lifetime of 84 days begins now.
     * @param {number} suite
     * @param {number} now_ms
     * @returns {Uint8Array}
     */
    generateLastResortKeyPackage(suite, now_ms) {
        const ret = wasm.coreclient_generateLastResortKeyPackage(this.__wbg_ptr, suite, now_ms);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * The groups of this store, in memory or not, left ones included.
     * @returns {Uint8Array[]}
     */
    groupIds() {
        const ret = wasm.coreclient_groupIds(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayJsValueFromWasm0(ret[0], ret[1]);
        wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
        return v1;
    }
    /**
     * The group that a Welcome is for, 16 bytes. Does not join it.
     * @param {Uint8Array | number[]} joiner
     * @param {Uint8Array | number[]} shared
     * @returns {Uint8Array}
     */
    groupOfWelcome(joiner, shared) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(joiner, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(shared, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.coreclient_groupOfWelcome(this.__wbg_ptr, ptr0, len0, ptr1, len1);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v3 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v3;
    }
    /**
     * The account's handle.
     * @returns {string}
     */
    get handle() {
        let deferred2_0;
        let deferred2_1;
        try {
            const ret = wasm.coreclient_handle(this.__wbg_ptr);
            var ptr1 = ret[0];
            var len1 = ret[1];
            if (ret[3]) {
                ptr1 = 0; len1 = 0;
                throw takeFromExternrefTable0(ret[2]);
            }
            deferred2_0 = ptr1;
            deferred2_1 = len1;
            return getStringFromWasm0(ptr1, len1);
        } finally {
            wasm.__wbindgen_free(deferred2_0, deferred2_1, 1);
        }
    }
    /**
     * Who a key package belongs to, after every check that adding it now would make.
     * @param {Uint8Array | number[]} key_package
     * @param {number} suite
     * @param {number} now_ms
     * @returns {KeyPackageOwner}
     */
    inspectKeyPackage(key_package, suite, now_ms) {
        const val2 = +suite;
        const val3 = +now_ms;
        const ptr0 = passArray8ToWasm0(key_package, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_inspectKeyPackage(this.__wbg_ptr, ptr0, len0, val2, val3);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Whether a group is in memory.
     * @param {Uint8Array | number[]} group_id
     * @returns {boolean}
     */
    isLoaded(group_id) {
        const ptr0 = passArray8ToWasm0(group_id, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_isLoaded(this.__wbg_ptr, ptr0, len0);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] !== 0;
    }
    /**
     * The group of a Welcome, from this device's part and the part that all joiners share.
     * @param {Uint8Array | number[]} joiner
     * @param {Uint8Array | number[]} shared
     * @param {number} now_ms
     * @returns {GroupMember}
     */
    join(joiner, shared, now_ms) {
        const val3 = +now_ms;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(joiner, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(shared, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.coreclient_join(this.__wbg_ptr, ptr0, len0, ptr1, len1, val3);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return GroupMember.__wrap(ret[0]);
    }
    /**
     * Takes a group into memory, from all of its records written so far, and gives a handle on it. A group that is in
     * memory stays as it is there, and needs no records.
     * @param {Uint8Array | number[]} group_id
     * @param {StoreRecord[] | null} [records]
     * @returns {GroupMember}
     */
    loadGroup(group_id, records) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(group_id, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = isLikeNone(records) ? 0 : passArrayJsValueToWasm0(records, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__externref_drop_slice(ptr1, len1); wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.coreclient_loadGroup(this.__wbg_ptr, ptr0, len0, ptr1, len1);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return GroupMember.__wrap(ret[0]);
    }
    /**
     * The client of a store, from its key and all of the client's own records written so far: those without a group.
     * @param {Uint8Array | number[]} store_key
     * @param {StoreRecord[]} records
     * @returns {CoreClient}
     */
    static open(store_key, records) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(store_key, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayJsValueToWasm0(records, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__externref_drop_slice(ptr1, len1); wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.coreclient_open(ptr0, len0, ptr1, len1);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return CoreClient.__wrap(ret[0]);
    }
    /**
     * A new group of an old one's suite, with the addition of these members of it staged.
     * @param {Uint8Array | number[]} old_id
     * @param {Uint8Array | number[]} new_id
     * @param {Uint8Array[]} key_packages
     * @param {number} now_ms
     * @returns {RebootedGroup}
     */
    rebootGroup(old_id, new_id, key_packages, now_ms) {
        const val4 = +now_ms;
        let ptr0, len0, ptr1, len1, ptr2, len2;
        try {
            ptr0 = passArray8ToWasm0(old_id, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(new_id, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
            ptr2 = passArrayJsValueToWasm0(key_packages, wasm.__wbindgen_malloc);
            len2 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr2) { wasm.__externref_drop_slice(ptr2, len2); wasm.__wbindgen_free(ptr2, len2 * 4, 4); }
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.coreclient_rebootGroup(this.__wbg_ptr, ptr0, len0, ptr1, len1, ptr2, len2, val4);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Revokes another device of this account, for good: the statement for everyone who may meet it.
     * @param {Uint8Array | number[]} device_id
     * @param {Uint8Array | number[]} device_key
     * @returns {Uint8Array}
     */
    revokeDevice(device_id, device_key) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(device_id, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(device_key, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.coreclient_revokeDevice(this.__wbg_ptr, ptr0, len0, ptr1, len1);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v3 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v3;
    }
    /**
     * The safety number of this account and another: 60 digits, the same for both.
     * @param {string} other_handle
     * @param {Uint8Array | number[]} other_account_key
     * @returns {string}
     */
    safetyNumber(other_handle, other_account_key) {
        let deferred4_0;
        let deferred4_1;
        try {
            let ptr0, len0, ptr1, len1;
            try {
                ptr0 = passStringToWasm0(other_handle, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
                len0 = WASM_VECTOR_LEN;
                ptr1 = passArray8ToWasm0(other_account_key, wasm.__wbindgen_malloc);
                len1 = WASM_VECTOR_LEN;
            } catch (e) {
                if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
                if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
                throw e;
            }
            const ret = wasm.coreclient_safetyNumber(this.__wbg_ptr, ptr0, len0, ptr1, len1);
            var ptr3 = ret[0];
            var len3 = ret[1];
            if (ret[3]) {
                ptr3 = 0; len3 = 0;
                throw takeFromExternrefTable0(ret[2]);
            }
            deferred4_0 = ptr3;
            deferred4_1 = len3;
            return getStringFromWasm0(ptr3, len3);
        } finally {
            wasm.__wbindgen_free(deferred4_0, deferred4_1, 1);
        }
    }
    /**
     * Changes when keys must be updated, in all groups.
     * @param {number} after_messages
     * @param {number} after_ms
     * @param {number} hard_stop_ms
     */
    setUpdatePolicy(after_messages, after_ms, hard_stop_ms) {
        const ret = wasm.coreclient_setUpdatePolicy(this.__wbg_ptr, after_messages, after_ms, hard_stop_ms);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * A signature of the access key of a group's current epoch over exactly these bytes. Undefined for a group that has
     * not been in memory since this client was opened, and for one that this device is not a member of.
     * @param {Uint8Array | number[]} group_id
     * @param {Uint8Array | number[]} transcript
     * @returns {AccessSignature | undefined}
     */
    signAccess(group_id, transcript) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(group_id, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(transcript, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.coreclient_signAccess(this.__wbg_ptr, ptr0, len0, ptr1, len1);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * The device key's signature over exactly these bytes, 64 bytes.
     * @param {Uint8Array | number[]} transcript
     * @returns {Uint8Array}
     */
    signAsDevice(transcript) {
        const ptr0 = passArray8ToWasm0(transcript, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_signAsDevice(this.__wbg_ptr, ptr0, len0);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v2 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v2;
    }
    /**
     * Stores a secret that members share from somewhere else, for commits and Welcomes that need it. The caller wipes
     * its own copy.
     * @param {Uint8Array | number[]} id
     * @param {Uint8Array | number[]} secret
     */
    storePsk(id, secret) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(id, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(secret, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.coreclient_storePsk(this.__wbg_ptr, ptr0, len0, ptr1, len1);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Takes over what other processes have written to the store since this client's state, in any order; records that
     * have not changed may be among it. Groups in memory are then as they are now, and so are the handles on them. On an
     * error nothing has changed.
     * @param {StoreWrite[]} changes
     */
    takeOver(changes) {
        const ptr0 = passArrayJsValueToWasm0(changes, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_takeOver(this.__wbg_ptr, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * All changes since the last call, of the client and its groups, in order.
     * @returns {StoreWrite[]}
     */
    takeWrites() {
        const ret = wasm.coreclient_takeWrites(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayJsValueFromWasm0(ret[0], ret[1]);
        wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
        return v1;
    }
    /**
     * Wipes a group and all handles on it from memory; they answer `GROUP_NOT_LOADED` from then on. Refuses if it has
     * writes that have not been taken.
     * @param {Uint8Array | number[]} group_id
     */
    unloadGroup(group_id) {
        const ptr0 = passArray8ToWasm0(group_id, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.coreclient_unloadGroup(this.__wbg_ptr, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
}
if (Symbol.dispose) CoreClient.prototype[Symbol.dispose] = CoreClient.prototype.free;

/**
 * A seat in a group. Every commit is staged first and counts only when it is merged.
 */
export class GroupMember {
    static __wrap(ptr) {
        const obj = Object.create(GroupMember.prototype);
        obj.__wbg_ptr = ptr;
        GroupMemberFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        GroupMemberFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_groupmember_free(ptr, 0);
    }
    /**
     * The public key that the relay checks this epoch's posts and reads with, 32 bytes.
     * @returns {Uint8Array}
     */
    accessKey() {
        const ret = wasm.groupmember_accessKey(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * Stages a commit that adds the devices of these key packages.
     * @param {Uint8Array[]} key_packages
     * @param {number} now_ms
     * @returns {CommitBundle}
     */
    addMembers(key_packages, now_ms) {
        const val2 = +now_ms;
        const ptr0 = passArrayJsValueToWasm0(key_packages, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_addMembers(this.__wbg_ptr, ptr0, len0, val2);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Compares an epoch's authenticator, as another member has it, with our own.
     * @param {bigint} epoch
     * @param {Uint8Array | number[]} epoch_authenticator
     * @returns {Agreement}
     */
    agreesAt(epoch, epoch_authenticator) {
        const val2 = BigInt.asIntN(64, epoch);
        const ptr0 = passArray8ToWasm0(epoch_authenticator, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_agreesAt(this.__wbg_ptr, val2, ptr0, len0);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Drops our staged commit and its keys.
     */
    clearPendingCommit() {
        const ret = wasm.groupmember_clearPendingCommit(this.__wbg_ptr);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Stages a commit of all proposals received so far.
     * @param {number} _now_ms
     * @returns {CommitBundle}
     */
    commitPendingProposals(_now_ms) {
        const ret = wasm.groupmember_commitPendingProposals(this.__wbg_ptr, _now_ms);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Stages a commit that mixes in the pre-shared keys of these ids, and adds the devices of these key packages, if any.
     * @param {Uint8Array[]} ids
     * @param {Uint8Array[]} key_packages
     * @param {number} now_ms
     * @returns {CommitBundle}
     */
    commitPsks(ids, key_packages, now_ms) {
        const val3 = +now_ms;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArrayJsValueToWasm0(ids, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArrayJsValueToWasm0(key_packages, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__externref_drop_slice(ptr1, len1); wasm.__wbindgen_free(ptr1, len1 * 4, 4); }
            if (ptr0) { wasm.__externref_drop_slice(ptr0, len0); wasm.__wbindgen_free(ptr0, len0 * 4, 4); }
            throw e;
        }
        const ret = wasm.groupmember_commitPsks(this.__wbg_ptr, ptr0, len0, ptr1, len1, val3);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Drops the received commit, as if it had not been opened.
     */
    discardStagedCommit() {
        const ret = wasm.groupmember_discardStagedCommit(this.__wbg_ptr);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Encrypts several application messages, in order: all of them or none.
     * @param {Uint8Array[]} plaintexts
     * @param {number} now_ms
     * @returns {Uint8Array[]}
     */
    encryptAll(plaintexts, now_ms) {
        const val2 = +now_ms;
        const ptr0 = passArrayJsValueToWasm0(plaintexts, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_encryptAll(this.__wbg_ptr, ptr0, len0, val2);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v3 = getArrayJsValueFromWasm0(ret[0], ret[1]);
        wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
        return v3;
    }
    /**
     * Encrypts an application message to the group, padded.
     * @param {Uint8Array | number[]} plaintext
     * @param {number} now_ms
     * @returns {Uint8Array}
     */
    encrypt(plaintext, now_ms) {
        const val2 = +now_ms;
        const ptr0 = passArray8ToWasm0(plaintext, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_encrypt(this.__wbg_ptr, ptr0, len0, val2);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v3 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v3;
    }
    /**
     * A value that two members share exactly if they agree on everything that happened.
     * @returns {Uint8Array}
     */
    epochAuthenticator() {
        const ret = wasm.groupmember_epochAuthenticator(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * The epoch of the last merged commit.
     * @returns {bigint}
     */
    epoch() {
        const ret = wasm.groupmember_epoch(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return BigInt.asUintN(64, ret[0]);
    }
    /**
     * Holds the received commit to the access key that its sender announced, or drops it.
     * @param {Uint8Array | number[] | null} [announced]
     */
    expectAccessKey(announced) {
        var ptr0 = isLikeNone(announced) ? 0 : passArray8ToWasm0(announced, wasm.__wbindgen_malloc);
        var len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_expectAccessKey(this.__wbg_ptr, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * A secret that all members of this epoch share.
     * @param {string} label
     * @param {Uint8Array | number[]} context
     * @param {number} length
     * @returns {Uint8Array}
     */
    exportSecret(label, context, length) {
        const val3 = +length;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passStringToWasm0(label, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(context, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.groupmember_exportSecret(this.__wbg_ptr, ptr0, len0, ptr1, len1, val3);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v4 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v4;
    }
    /**
     * 16 bytes.
     * @returns {Uint8Array}
     */
    groupId() {
        const ret = wasm.groupmember_groupId(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * Whether a commit of ours awaits the relay's decision.
     * @returns {boolean}
     */
    hasPendingCommit() {
        const ret = wasm.groupmember_hasPendingCommit(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] !== 0;
    }
    /**
     * Whether proposals await a commit. Nothing can be sent meanwhile.
     * @returns {boolean}
     */
    hasPendingProposals() {
        const ret = wasm.groupmember_hasPendingProposals(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] !== 0;
    }
    /**
     * Who invited this device; nobody, if it made the group.
     * @returns {DeviceIdentity | undefined}
     */
    inviter() {
        const ret = wasm.groupmember_inviter(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * False once a commit that removed this device is merged.
     * @returns {boolean}
     */
    isActive() {
        const ret = wasm.groupmember_isActive(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] !== 0;
    }
    /**
     * When the own leaf last changed, by the caller's clock.
     * @returns {number}
     */
    get lastHealedAtMs() {
        const ret = wasm.groupmember_lastHealedAtMs(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0];
    }
    /**
     * The epoch in which the own leaf last changed.
     * @returns {bigint}
     */
    get lastHealedEpoch() {
        const ret = wasm.groupmember_lastHealedEpoch(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return BigInt.asUintN(64, ret[0]);
    }
    /**
     * Proposes that this device be removed, for another member to commit.
     * @returns {Uint8Array}
     */
    leave() {
        const ret = wasm.groupmember_leave(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * Keeps that the group has forked, as another member's authenticator shows.
     * @param {bigint} epoch
     * @param {Uint8Array | number[]} epoch_authenticator
     */
    markForked(epoch, epoch_authenticator) {
        const val2 = BigInt.asIntN(64, epoch);
        const ptr0 = passArray8ToWasm0(epoch_authenticator, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_markForked(this.__wbg_ptr, val2, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Keeps that the relay has put a commit in order that this device cannot process.
     * @param {Uint8Array | number[]} commit
     * @param {number} now_ms
     */
    markStuck(commit, now_ms) {
        const val2 = +now_ms;
        const ptr0 = passArray8ToWasm0(commit, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_markStuck(this.__wbg_ptr, ptr0, len0, val2);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * The members, by place in the tree.
     * @returns {Member[]}
     */
    members() {
        const ret = wasm.groupmember_members(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayJsValueFromWasm0(ret[0], ret[1]);
        wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
        return v1;
    }
    /**
     * Makes our staged commit count: the relay has put it in order. Tells what it has done to the members.
     * @param {number} now_ms
     * @returns {CommitEffect}
     */
    mergePendingCommit(now_ms) {
        const ret = wasm.groupmember_mergePendingCommit(this.__wbg_ptr, now_ms);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Makes the received commit count.
     * @param {number} now_ms
     */
    mergeStagedCommit(now_ms) {
        const ret = wasm.groupmember_mergeStagedCommit(this.__wbg_ptr, now_ms);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * This device's place in the tree.
     * @returns {number}
     */
    ownLeafIndex() {
        const ret = wasm.groupmember_ownLeafIndex(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] >>> 0;
    }
    /**
     * Opens a message of the group.
     * @param {Uint8Array | number[]} message
     * @param {number} now_ms
     * @returns {Received}
     */
    process(message, now_ms) {
        const val2 = +now_ms;
        const ptr0 = passArray8ToWasm0(message, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_process(this.__wbg_ptr, ptr0, len0, val2);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Proposes new keys for this leaf, for another member to commit.
     * @returns {Uint8Array}
     */
    proposeUpdate() {
        const ret = wasm.groupmember_proposeUpdate(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * The public ratchet tree, as RFC 9420 §12.4.3.3 serializes it.
     * @returns {Uint8Array}
     */
    ratchetTree() {
        const ret = wasm.groupmember_ratchetTree(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * Stages a commit that removes the members of these key packages and adds them again.
     * @param {Uint8Array[]} key_packages
     * @param {number} now_ms
     * @returns {CommitBundle}
     */
    readdMembers(key_packages, now_ms) {
        const val2 = +now_ms;
        const ptr0 = passArrayJsValueToWasm0(key_packages, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_readdMembers(this.__wbg_ptr, ptr0, len0, val2);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * Stages a commit that removes these leaves.
     * @param {Uint32Array | number[]} leaf_indexes
     * @param {number} _now_ms
     * @returns {CommitBundle}
     */
    removeMembers(leaf_indexes, _now_ms) {
        const val2 = +_now_ms;
        const ptr0 = passArray32ToWasm0(leaf_indexes, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_removeMembers(this.__wbg_ptr, ptr0, len0, val2);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * The members whose devices are revoked.
     * @returns {Member[]}
     */
    revokedMembers() {
        const ret = wasm.groupmember_revokedMembers(this.__wbg_ptr);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v1 = getArrayJsValueFromWasm0(ret[0], ret[1]);
        wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
        return v1;
    }
    /**
     * Stages a commit that changes nothing but this device's own keys.
     * @param {number} _now_ms
     * @returns {CommitBundle}
     */
    selfUpdate(_now_ms) {
        const ret = wasm.groupmember_selfUpdate(this.__wbg_ptr, _now_ms);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * The signature of this epoch's access key over exactly these bytes, 64 bytes.
     * @param {Uint8Array | number[]} transcript
     * @returns {Uint8Array}
     */
    signAccess(transcript) {
        const ptr0 = passArray8ToWasm0(transcript, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.groupmember_signAccess(this.__wbg_ptr, ptr0, len0);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v2 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v2;
    }
    /**
     * What the application does next.
     * @returns {GroupStatus}
     */
    status() {
        const ret = wasm.groupmember_status(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
    /**
     * The registered number of the group's cipher suite.
     * @returns {number}
     */
    suite() {
        const ret = wasm.groupmember_suite(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] >>> 0;
    }
    /**
     * When this device has to do something here, as long as nothing else happens to the group.
     * @returns {GroupTimes}
     */
    times() {
        const ret = wasm.groupmember_times(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return takeFromExternrefTable0(ret[0]);
    }
}
if (Symbol.dispose) GroupMember.prototype[Symbol.dispose] = GroupMember.prototype.free;

/**
 * Every code that an error of this module can carry.
 * @returns {string[]}
 */
export function coreErrorCodes() {
    const ret = wasm.coreErrorCodes();
    var v1 = getArrayJsValueFromWasm0(ret[0], ret[1]);
    wasm.__wbindgen_free(ret[0], ret[1] * 4, 4);
    return v1;
}

/**
 * The 16-byte id of the group that the record of this key belongs to; undefined for the client's own records.
 * @param {Uint8Array | number[]} key
 * @returns {Uint8Array | undefined}
 */
export function groupOfRecord(key) {
    const ptr0 = passArray8ToWasm0(key, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.groupOfRecord(ptr0, len0);
    let v2;
    if (ret[0] !== 0) {
        v2 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
    }
    return v2;
}

/**
 * Derives a 32-byte key from a passphrase by Argon2id. Needs no client. The memory that this takes is not given back
 * before the instance ends: WebAssembly's memory does not shrink.
 * @param {Uint8Array | number[]} passphrase
 * @param {Uint8Array | number[]} salt
 * @param {number} memory_kib
 * @param {number} passes
 * @param {number} lanes
 * @returns {Uint8Array}
 */
export function keyOfPassphrase(passphrase, salt, memory_kib, passes, lanes) {
    const val3 = +memory_kib;
    const val4 = +passes;
    const val5 = +lanes;
    let ptr0, len0, ptr1, len1;
    try {
        ptr0 = passArray8ToWasm0(passphrase, wasm.__wbindgen_malloc);
        len0 = WASM_VECTOR_LEN;
        ptr1 = passArray8ToWasm0(salt, wasm.__wbindgen_malloc);
        len1 = WASM_VECTOR_LEN;
    } catch (e) {
        if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
        if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
        throw e;
    }
    const ret = wasm.keyOfPassphrase(ptr0, len0, ptr1, len1, val3, val4, val5);
    if (ret[3]) {
        throw takeFromExternrefTable0(ret[2]);
    }
    var v6 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
    return v6;
}

/**
 * Runs once, when the module is instantiated.
 */
export function start() {
    wasm.start();
}

/**
 * Panics, for the tests of what follows a panic: this instance is of no use afterwards.
 */
export function unsafeTestingPanic() {
    const ret = wasm.unsafeTestingPanic();
    if (ret[1]) {
        throw takeFromExternrefTable0(ret[0]);
    }
}

/**
 * The versions of the core and of openmls in this artefact.
 * @returns {Versions}
 */
export function versions() {
    const ret = wasm.versions();
    return ret;
}
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbg___wbindgen_is_function_741ff2bb612836f5: function(arg0) {
            const ret = typeof(arg0) === 'function';
            return ret;
        },
        __wbg___wbindgen_is_object_8b968c3ab8e96595: function(arg0) {
            const val = arg0;
            const ret = typeof(val) === 'object' && val !== null;
            return ret;
        },
        __wbg___wbindgen_is_string_fc456fee5d3317de: function(arg0) {
            const ret = typeof(arg0) === 'string';
            return ret;
        },
        __wbg___wbindgen_is_undefined_be5b34249ff1fc15: function(arg0) {
            const ret = arg0 === undefined;
            return ret;
        },
        __wbg___wbindgen_rethrow_d953c34c2e20677f: function(arg0) {
            throw arg0;
        },
        __wbg___wbindgen_throw_4c88d8bf264fd984: function(arg0, arg1) {
            throw new Error(getStringFromWasm0(arg0, arg1));
        },
        __wbg_call_a410eb4b59ed5965: function() { return handleError(function (arg0, arg1, arg2) {
            const ret = arg0.call(arg1, arg2);
            return ret;
        }, arguments); },
        __wbg_crypto_23f565a907d30078: function(arg0) {
            const ret = arg0.crypto;
            return ret;
        },
        __wbg_getRandomValues_8b6f1f663e6f188d: function() { return handleError(function (arg0, arg1) {
            globalThis.crypto.getRandomValues(getArrayU8FromWasm0(arg0, arg1));
        }, arguments); },
        __wbg_getRandomValues_d2908e0b99612b91: function() { return handleError(function (arg0, arg1) {
            arg0.getRandomValues(arg1);
        }, arguments); },
        __wbg_key_2257c9867a9a982a: function(arg0) {
            const ret = arg0.key;
            return ret;
        },
        __wbg_key_eea6de3ba04dbed8: function(arg0) {
            const ret = arg0.key;
            return ret;
        },
        __wbg_length_186163212ffe79c3: function(arg0) {
            const ret = arg0.length;
            return ret;
        },
        __wbg_msCrypto_d5f06fad6bf1409b: function(arg0) {
            const ret = arg0.msCrypto;
            return ret;
        },
        __wbg_new_787b9fb330d55d78: function(arg0, arg1) {
            const ret = new Error(getStringFromWasm0(arg0, arg1));
            return ret;
        },
        __wbg_new_cd4348290afae586: function() {
            const ret = new Object();
            return ret;
        },
        __wbg_new_from_slice_b8daf545a41c6aa0: function(arg0, arg1) {
            const ret = new Uint8Array(getArrayU8FromWasm0(arg0, arg1));
            return ret;
        },
        __wbg_new_with_length_01b143a7e5dd5a3e: function(arg0) {
            const ret = new Uint8Array(arg0 >>> 0);
            return ret;
        },
        __wbg_node_86166ff8ce1f2002: function(arg0) {
            const ret = arg0.node;
            return ret;
        },
        __wbg_now_463ac581d2fc7ea3: function() {
            const ret = Date.now();
            return ret;
        },
        __wbg_process_91f425a63f58e399: function(arg0) {
            const ret = arg0.process;
            return ret;
        },
        __wbg_prototypesetcall_13162965d1fe7aa3: function(arg0, arg1, arg2) {
            Uint8Array.prototype.set.call(getArrayU8FromWasm0(arg0, arg1), arg2);
        },
        __wbg_randomFillSync_34b023059e3363de: function() { return handleError(function (arg0, arg1) {
            arg0.randomFillSync(arg1);
        }, arguments); },
        __wbg_require_9a7d8cc2e1d275c0: function() { return handleError(function () {
            const ret = module.require;
            return ret;
        }, arguments); },
        __wbg_set_accessKey_b0ab780d4f8c1639: function(arg0, arg1) {
            arg0.accessKey = arg1;
        },
        __wbg_set_accountKey_574eff79d018ca40: function(arg0, arg1) {
            arg0.accountKey = arg1;
        },
        __wbg_set_added_c5ff8a70471839e0: function(arg0, arg1, arg2) {
            var v0 = getArrayJsValueFromWasm0(arg1, arg2);
            wasm.__wbindgen_free(arg1, arg2 * 4, 4);
            arg0.added = v0;
        },
        __wbg_set_bundle_ea051c62cce88de8: function(arg0, arg1) {
            arg0.bundle = arg1;
        },
        __wbg_set_by_457f6bd1b552860d: function(arg0, arg1) {
            arg0.by = arg1;
        },
        __wbg_set_code_04f1cf377c025b7f: function(arg0, arg1, arg2) {
            arg0.code = getStringFromWasm0(arg1, arg2);
        },
        __wbg_set_code_707bf466ff740283: function(arg0, arg1, arg2) {
            arg0.code = getStringFromWasm0(arg1, arg2);
        },
        __wbg_set_commitDueAtMs_dc4b84e6de09ac76: function(arg0, arg1, arg2) {
            arg0.commitDueAtMs = arg1 === 0 ? undefined : arg2;
        },
        __wbg_set_commit_e6e635d9c2e1590d: function(arg0, arg1) {
            arg0.commit = arg1;
        },
        __wbg_set_core_11ca8c7eec2ff99e: function(arg0, arg1, arg2) {
            arg0.core = getStringFromWasm0(arg1, arg2);
        },
        __wbg_set_deviceId_c762ccc3b2616d72: function(arg0, arg1) {
            arg0.deviceId = arg1;
        },
        __wbg_set_deviceKey_1caa40c14ccef70a: function(arg0, arg1) {
            arg0.deviceKey = arg1;
        },
        __wbg_set_epoch_e9b3a7e60bbb978d: function(arg0, arg1) {
            arg0.epoch = BigInt.asUintN(64, arg1);
        },
        __wbg_set_group_5d7a9340beffbda8: function(arg0, arg1) {
            arg0.group = GroupMember.__wrap(arg1);
        },
        __wbg_set_group_d9ee0a0c326c5173: function(arg0, arg1) {
            arg0.group = arg1;
        },
        __wbg_set_handle_46d7ec107f349b7e: function(arg0, arg1, arg2) {
            arg0.handle = getStringFromWasm0(arg1, arg2);
        },
        __wbg_set_healedAtMs_52c6190d0d6a80cc: function(arg0, arg1) {
            arg0.healedAtMs = arg1;
        },
        __wbg_set_healedEpoch_44aa907a4bed82af: function(arg0, arg1) {
            arg0.healedEpoch = BigInt.asUintN(64, arg1);
        },
        __wbg_set_joiners_c9c981b04ce33eb6: function(arg0, arg1, arg2) {
            var v0 = getArrayJsValueFromWasm0(arg1, arg2);
            wasm.__wbindgen_free(arg1, arg2 * 4, 4);
            arg0.joiners = v0;
        },
        __wbg_set_key_bf82674197e3faa8: function(arg0, arg1) {
            arg0.key = arg1;
        },
        __wbg_set_kind_180fbe2b5aeeff6a: function(arg0, arg1) {
            arg0.kind = __wbindgen_enum_Kind[arg1];
        },
        __wbg_set_kind_b6f870aec6992afe: function(arg0, arg1) {
            arg0.kind = __wbindgen_enum_StatusKind[arg1];
        },
        __wbg_set_leafIndex_7381b6a901c48968: function(arg0, arg1) {
            arg0.leafIndex = arg1 >>> 0;
        },
        __wbg_set_member_46730ed882bbeb84: function(arg0, arg1) {
            arg0.member = arg1;
        },
        __wbg_set_name_a576cb0a1dc04949: function(arg0, arg1, arg2) {
            arg0.name = getStringFromWasm0(arg1, arg2);
        },
        __wbg_set_nextAccessKey_2b8725fa0f123cfe: function(arg0, arg1) {
            arg0.nextAccessKey = arg1;
        },
        __wbg_set_openmls_3d46a52db7bf46b9: function(arg0, arg1, arg2) {
            arg0.openmls = getStringFromWasm0(arg1, arg2);
        },
        __wbg_set_own_abe37c9a2a64f27d: function(arg0, arg1) {
            arg0.own = arg1 !== 0;
        },
        __wbg_set_plaintext_6f7bf0fdbcbea07c: function(arg0, arg1) {
            arg0.plaintext = arg1;
        },
        __wbg_set_proposal_234571382eb18c76: function(arg0, arg1) {
            arg0.proposal = __wbindgen_enum_Proposal[arg1];
        },
        __wbg_set_psks_d2495088301d959d: function(arg0, arg1, arg2) {
            var v0 = getArrayJsValueFromWasm0(arg1, arg2);
            wasm.__wbindgen_free(arg1, arg2 * 4, 4);
            arg0.psks = v0;
        },
        __wbg_set_removed_5a6627ac071e10da: function(arg0, arg1, arg2) {
            var v0 = getArrayJsValueFromWasm0(arg1, arg2);
            wasm.__wbindgen_free(arg1, arg2 * 4, 4);
            arg0.removed = v0;
        },
        __wbg_set_removed_fe087a5e0dc2403d: function(arg0, arg1) {
            arg0.removed = arg1;
        },
        __wbg_set_selfRemoved_d521b84c4c3d4e6a: function(arg0, arg1) {
            arg0.selfRemoved = arg1 !== 0;
        },
        __wbg_set_sender_95be30dd215627e8: function(arg0, arg1) {
            arg0.sender = arg1;
        },
        __wbg_set_shared_7c4699c5d6242e93: function(arg0, arg1) {
            arg0.shared = arg1;
        },
        __wbg_set_signatureKey_a7d460472010ccee: function(arg0, arg1) {
            arg0.signatureKey = arg1;
        },
        __wbg_set_signature_ee50069c824cb650: function(arg0, arg1) {
            arg0.signature = arg1;
        },
        __wbg_set_updateDueAtMs_633e47cdb3a425b5: function(arg0, arg1, arg2) {
            arg0.updateDueAtMs = arg1 === 0 ? undefined : arg2;
        },
        __wbg_set_updateMustAtMs_7c3caeed39a2f2eb: function(arg0, arg1, arg2) {
            arg0.updateMustAtMs = arg1 === 0 ? undefined : arg2;
        },
        __wbg_set_updated_e693fde4a28e42ca: function(arg0, arg1, arg2) {
            var v0 = getArrayJsValueFromWasm0(arg1, arg2);
            wasm.__wbindgen_free(arg1, arg2 * 4, 4);
            arg0.updated = v0;
        },
        __wbg_set_value_6f6942f4fa27f85a: function(arg0, arg1) {
            arg0.value = arg1;
        },
        __wbg_set_welcome_6180fb0012d10504: function(arg0, arg1) {
            arg0.welcome = arg1;
        },
        __wbg_static_accessor_GLOBAL_THIS_003ee833af9699fc: function() {
            const ret = typeof globalThis === 'undefined' ? undefined : globalThis;
            return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
        },
        __wbg_static_accessor_GLOBAL_e4293fb22cbe77da: function() {
            const ret = typeof global === 'undefined' ? undefined : global;
            return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
        },
        __wbg_static_accessor_SELF_53bb20457401453d: function() {
            const ret = typeof self === 'undefined' ? undefined : self;
            return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
        },
        __wbg_static_accessor_WINDOW_b5e0810bfecb7feb: function() {
            const ret = typeof window === 'undefined' ? undefined : window;
            return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
        },
        __wbg_subarray_58f388a9247ac0bb: function(arg0, arg1, arg2) {
            const ret = arg0.subarray(arg1 >>> 0, arg2 >>> 0);
            return ret;
        },
        __wbg_value_1b0ef422dfe033e5: function(arg0) {
            const ret = arg0.value;
            return isLikeNone(ret) ? 0 : addToExternrefTable0(ret);
        },
        __wbg_value_43e101bee4429ee3: function(arg0) {
            const ret = arg0.value;
            return ret;
        },
        __wbg_versions_6e128a981b0df859: function(arg0) {
            const ret = arg0.versions;
            return ret;
        },
        __wbindgen_generic_0000000000000001: function(arg0, arg1) {
            // Cast intrinsic for `Ref(Slice(U8)) -> NamedExternref("Uint8Array")`.
            const ret = getArrayU8FromWasm0(arg0, arg1);
            return ret;
        },
        __wbindgen_generic_0000000000000002: function(arg0, arg1) {
            // Cast intrinsic for `Ref(String) -> Externref`.
            const ret = getStringFromWasm0(arg0, arg1);
            return ret;
        },
        __wbindgen_init_externref_table: function() {
            const table = wasm.__wbindgen_externrefs;
            table.set(0, undefined);
            table.set(1024, undefined);
            table.set(1025, null);
            table.set(1026, true);
            table.set(1027, false);
        },
    };
    return {
        __proto__: null,
        "./quicprochat_wasm_bg.js": import0,
    };
}

const __wbindgen_enum_Kind = ["application", "proposal", "commit", "own-commit"];


const __wbindgen_enum_Proposal = ["update", "remove", "other"];


const __wbindgen_enum_StatusKind = ["active", "commit-pending", "commit-staged", "proposals-pending", "leaving", "deserted", "members-revoked", "forked", "stuck", "removed"];
const CoreClientFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_coreclient_free(ptr, 1));
const GroupMemberFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_groupmember_free(ptr, 1));

function addToExternrefTable0(obj) {
    const idx = wasm.__externref_table_alloc();
    wasm.__wbindgen_externrefs.set(idx, obj);
    return idx;
}

function getArrayJsValueFromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    const mem = getDataViewMemory0();
    const result = [];
    for (let i = ptr; i < ptr + 4 * len; i += 4) {
        result.push(wasm.__wbindgen_externrefs.get(mem.getUint32(i, true)));
    }
    wasm.__externref_drop_slice(ptr, len);
    return result;
}

function getArrayU8FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getUint8ArrayMemory0().subarray(ptr / 1, ptr / 1 + len);
}

let cachedDataViewMemory0 = null;
function getDataViewMemory0() {
    if (cachedDataViewMemory0 === null || cachedDataViewMemory0.buffer.detached === true || (cachedDataViewMemory0.buffer.detached === undefined && cachedDataViewMemory0.buffer !== wasm.memory.buffer)) {
        cachedDataViewMemory0 = new DataView(wasm.memory.buffer);
    }
    return cachedDataViewMemory0;
}

function getStringFromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}

let cachedUint32ArrayMemory0 = null;
function getUint32ArrayMemory0() {
    if (cachedUint32ArrayMemory0 === null || cachedUint32ArrayMemory0.byteLength === 0) {
        cachedUint32ArrayMemory0 = new Uint32Array(wasm.memory.buffer);
    }
    return cachedUint32ArrayMemory0;
}

let cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
    if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {
        cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
    }
    return cachedUint8ArrayMemory0;
}

function handleError(f, args) {
    try {
        return f.apply(this, args);
    } catch (e) {
        const idx = addToExternrefTable0(e);
        wasm.__wbindgen_exn_store(idx);
    }
}

function isLikeNone(x) {
    return x === undefined || x === null;
}

function passArray32ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 4, 4) >>> 0;
    getUint32ArrayMemory0().set(arg, ptr / 4);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function passArray8ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 1, 1) >>> 0;
    getUint8ArrayMemory0().set(arg, ptr / 1);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function passArrayJsValueToWasm0(array, malloc) {
    const ptr = malloc(array.length * 4, 4) >>> 0;
    for (let i = 0; i < array.length; i++) {
        const add = addToExternrefTable0(array[i]);
        getDataViewMemory0().setUint32(ptr + 4 * i, add, true);
    }
    WASM_VECTOR_LEN = array.length;
    return ptr;
}

function passStringToWasm0(arg, malloc, realloc) {
    if (realloc === undefined) {
        const buf = cachedTextEncoder.encode(arg);
        const ptr = malloc(buf.length, 1) >>> 0;
        getUint8ArrayMemory0().subarray(ptr, ptr + buf.length).set(buf);
        WASM_VECTOR_LEN = buf.length;
        return ptr;
    }

    let len = arg.length;
    let ptr = malloc(len, 1) >>> 0;

    const mem = getUint8ArrayMemory0();

    let offset = 0;

    for (; offset < len; offset++) {
        const code = arg.charCodeAt(offset);
        if (code > 0x7F) break;
        mem[ptr + offset] = code;
    }
    if (offset !== len) {
        if (offset !== 0) {
            arg = arg.slice(offset);
        }
        ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
        const view = getUint8ArrayMemory0().subarray(ptr + offset, ptr + len);
        const ret = cachedTextEncoder.encodeInto(arg, view);

        offset += ret.written;
        ptr = realloc(ptr, len, offset, 1) >>> 0;
    }

    WASM_VECTOR_LEN = offset;
    return ptr;
}

function takeFromExternrefTable0(idx) {
    const value = wasm.__wbindgen_externrefs.get(idx);
    wasm.__externref_table_dealloc(idx);
    return value;
}

let cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
cachedTextDecoder.decode();
const MAX_SAFARI_DECODE_BYTES = 2146435072;
let numBytesDecoded = 0;
function decodeText(bytes) {
    numBytesDecoded += bytes.length;
    if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {
        cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
        cachedTextDecoder.decode();
        numBytesDecoded = bytes.length;
    }
    return cachedTextDecoder.decode(bytes);
}

const cachedTextEncoder = new TextEncoder();

if (!('encodeInto' in cachedTextEncoder)) {
    cachedTextEncoder.encodeInto = function (arg, view) {
        const buf = cachedTextEncoder.encode(arg);
        view.set(buf);
        return {
            read: arg.length,
            written: buf.length
        };
    };
}

let WASM_VECTOR_LEN = 0;

let wasmModule, wasmInstance, wasm;
function __wbg_finalize_init(instance, module) {
    wasmInstance = instance;
    wasm = instance.exports;
    wasmModule = module;
    cachedDataViewMemory0 = null;
    cachedUint32ArrayMemory0 = null;
    cachedUint8ArrayMemory0 = null;
    wasm.__wbindgen_start();
    return wasm;
}

async function __wbg_load(module, imports) {
    if (typeof Response === 'function' && module instanceof Response) {
        if (!module.ok) {
            throw new Error(`failed to fetch Wasm: ${module.status} ${module.statusText} fetching '${module.url}'`);
        }

        if (typeof WebAssembly.instantiateStreaming === 'function') {
            try {
                return await WebAssembly.instantiateStreaming(module, imports);
            } catch (e) {
                const validResponse = expectedResponseType(module.type);

                if (validResponse && module.headers.get('Content-Type') !== 'application/wasm') {
                    console.warn("`WebAssembly.instantiateStreaming` failed because your server does not serve Wasm with `application/wasm` MIME type. Falling back to `WebAssembly.instantiate` which is slower. Original error:\n", e);

                } else { throw e; }
            }
        }

        const bytes = await module.arrayBuffer();
        return await WebAssembly.instantiate(bytes, imports);
    } else {
        const instance = await WebAssembly.instantiate(module, imports);

        if (instance instanceof WebAssembly.Instance) {
            return { instance, module };
        } else {
            return instance;
        }
    }

    function expectedResponseType(type) {
        switch (type) {
            case 'basic': case 'cors': case 'default': return true;
        }
        return false;
    }
}

function initSync(module) {
    if (wasm !== undefined) return wasm;


    if (module !== undefined) {
        if (Object.getPrototypeOf(module) === Object.prototype) {
            ({module} = module)
        } else {
            console.warn('using deprecated parameters for `initSync()`; pass a single object instead')
        }
    }

    const imports = __wbg_get_imports();
    if (!(module instanceof WebAssembly.Module)) {
        module = new WebAssembly.Module(module);
    }
    const instance = new WebAssembly.Instance(module, imports);
    return __wbg_finalize_init(instance, module);
}

let __wbg_init_promise;
async function __wbg_init(module_or_path) {
    if (wasm !== undefined) return wasm;
    if (__wbg_init_promise === undefined) {
        __wbg_init_promise = __wbg_init_once(module_or_path);
        __wbg_init_promise.catch(() => { __wbg_init_promise = undefined; });
    }
    return __wbg_init_promise;
}

async function __wbg_init_once(module_or_path) {

    if (module_or_path !== undefined) {
        if (Object.getPrototypeOf(module_or_path) === Object.prototype) {
            ({module_or_path} = module_or_path)
        } else {
            console.warn('using deprecated parameters for the initialization function; pass a single object instead')
        }
    }

    if (module_or_path === undefined) {
        module_or_path = new URL('quicprochat_wasm_bg.wasm', import.meta.url);
    }
    const imports = __wbg_get_imports();

    if (typeof module_or_path === 'string' || (typeof Request === 'function' && module_or_path instanceof Request) || (typeof URL === 'function' && module_or_path instanceof URL)) {
        module_or_path = fetch(module_or_path);
    }

    const { instance, module } = await __wbg_load(await module_or_path, imports);

    return __wbg_finalize_init(instance, module);
}

export { initSync, __wbg_init as default };
