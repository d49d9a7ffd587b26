import { CoreClient, coreErrorCodes, keyOfPassphrase } from '@quicprochat/core-wasm/bundled';
import { load } from './load.ts';
import type { CallData, CallName, CallResult, Identity } from './protocol.ts';
import type { Session } from './session.ts';

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

  'worker.keyOfPassphrase': ({ passphrase, salt, cost }) => keyOfPassphrase(passphrase, salt, cost),

  'client.create': ({ handle, storeKey }) => identityOf(session.replace(CoreClient.create(handle, storeKey))),

  'client.open': ({ storeKey, records }) => {
    const client = session.replace(CoreClient.open(storeKey, records));
    client.eraseUnusedKeys();
    return identityOf(client);
  },

  'client.takeOver': ({ changes }) => {
    session.client.takeOver(changes);
    session.dropUnloaded();
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

function identityOf(client: CoreClient): Identity {
  return {
    handle: client.handle,
    deviceId: client.deviceId(),
    accountKey: client.accountKey(),
    deviceKey: client.deviceKey(),
    deviceCertificate: client.deviceCertificate(),
  };
}
