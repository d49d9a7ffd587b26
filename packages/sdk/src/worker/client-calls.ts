import { CoreClient, coreErrorCodes, groupOfRecord, type StoreRecord } from '@quicprochat/core-wasm/bundled';
import { load } from './load.ts';
import type { CallData, CallName, CallResult, Identity } from './protocol.ts';
import { keyOf, type Session } from './session.ts';

type ClientCallName = Extract<CallName, `client.${string}` | `worker.${string}`>;
type ClientCalls = {
  [Name in ClientCallName]: (data: CallData<Name>) => CallResult<Name> | Promise<CallResult<Name>>;
};

/** The calls that concern the account and device. Each converts, calls the core and converts back. */
export const clientCalls = (session: Session): ClientCalls => ({
  'worker.initialize': async ({ wasm }) => {
    await load(wasm);
    return { errorCodes: coreErrorCodes() };
  },

  'client.create': ({ handle, storeKey }) => identityOf(session.replace(CoreClient.create(handle, storeKey))),

  'client.open': ({ storeKey, records }) => {
    const { own, groups } = byScope(records);
    const client = CoreClient.open(storeKey, own);
    try {
      const loaded = groups.map(({ groupId, of }) => client.loadGroup(groupId, of));
      session.replace(client);
      for (const group of loaded) session.hold(group);
    } catch (error) {
      // The client before it stays.
      client.free();
      throw error;
    }
    return identityOf(client);
  },

  'client.takeOver': ({ changes }) => {
    session.client.takeOver(changes);
    return undefined;
  },

  'client.groupOfWelcome': ({ secrets, shared }) => session.client.groupOfWelcome(secrets, shared),

  'client.takeOver': ({ changes }) => {
    session.client.takeOver(changes);
    return undefined;
  },

  'client.groupOfWelcome': ({ secrets, shared }) => session.client.groupOfWelcome(secrets, shared),

  'client.identity': () => identityOf(session.client),

  'client.policy': ({ afterMessages, afterMs, hardStopMs }) => {
    session.client.setUpdatePolicy(afterMessages, afterMs, hardStopMs);
    return undefined;
  },

  'client.sign': ({ transcript }) => session.client.signAsDevice(transcript),

  'client.keyPackages': ({ suite, count, lastResort, nowMs }) => ({
    keyPackages: session.client.generateKeyPackages(suite, count, nowMs),
    lastResort: lastResort ? session.client.generateLastResortKeyPackage(suite, nowMs) : undefined,
  }),

  'client.forgetExpiredKeyPackages': ({ nowMs }) => session.client.forgetExpiredKeyPackages(nowMs),

  'client.inspectKeyPackage': ({ keyPackage, suite, nowMs }) =>
    session.client.inspectKeyPackage(keyPackage, suite, nowMs),

  'client.safetyNumber': ({ handle, accountKey }) => session.client.safetyNumber(handle, accountKey),
});

/** The client's own records, and those of each group. */
function byScope(records: readonly StoreRecord[]) {
  const own: StoreRecord[] = [];
  const groups = new Map<string, { groupId: Uint8Array; of: StoreRecord[] }>();
  for (const record of records) {
    const groupId = groupOfRecord(record.key);
    if (groupId === undefined) {
      own.push(record);
      continue;
    }
    const group = groups.get(keyOf(groupId)) ?? { groupId, of: [] };
    groups.set(keyOf(groupId), group);
    group.of.push(record);
  }
  return { own, groups: [...groups.values()] };
}

function identityOf(client: CoreClient): Identity {
  return {
    handle: client.handle,
    deviceId: client.deviceId(),
    accountKey: client.accountKey(),
    deviceKey: client.deviceKey(),
    deviceCertificate: client.deviceCertificate(),
  };
}
