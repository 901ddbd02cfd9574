import { createInitiator, createResponder, xWing } from '@zkfl/kem';

const hospital = await xWing.generateKeyPair();
const coordinator = await xWing.generateKeyPair();

// Three messages, carried by any transport.
const initiator = await createInitiator({ keyPair: hospital, peerPublicKey: coordinator.publicKey });
const responder = createResponder({ keyPair: coordinator, peerPublicKey: hospital.publicKey });
const message2 = await responder.respond(initiator.message);
const { message: message3, session: atHospital } = await initiator.finish(message2);
const atCoordinator = await responder.finish(message3);

// Records in both directions, in order, each opened once.
const update = new Uint8Array(3_000_000);
const received = await atCoordinator.open(await atHospital.seal(update));

// A new key for what follows; the old one is gone.
await atCoordinator.accept(await atHospital.rekey());

// Any size in bounded memory; a cut stream throws at its end.
let bytes = 0;
for await (const piece of atCoordinator.openStream(atHospital.sealStream([update, update]))) bytes += piece.length;

// The end, authenticated.
await atCoordinator.accept(await atHospital.close());
if (received.length !== 3_000_000 || bytes !== 6_000_000 || !atCoordinator.peerClosed) throw new Error('incomplete');
