/** Every use of a signature or a session key has a context of its own: none is valid for another. */
const context = (use: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(`zkfl/v1/orchestrator/${use}`);

export const STUDY = context('study');
export const ENROLMENT = context('enrolment');
export const ENROLLED = context('enrolled');
export const ROSTER = context('roster');
export const KEY_PACKAGE = context('key-package');
export const UPDATE = context('update-digest');
export const APPLIED = context('applied');
export const AUDIT_ENTRY = context('audit-entry');
export const AUDIT_MANIFEST = context('audit-manifest');
/** The same as the simulation's: the list of accepted updates of a round. */
export const ACCEPTED = context('accepted-updates');

export const sessionContext = (study: string): Uint8Array<ArrayBuffer> => context(`session ${study}`);
export const enrolmentContext = (study: string): Uint8Array<ArrayBuffer> => context(`enrolment ${study}`);
export const keyPackageContext = (study: string, roster: string, client: number): Uint8Array<ArrayBuffer> =>
  context(`key-package ${study} ${roster} ${client}`);
/** What a hospital keeps sealed for itself. */
export const ownSecretContext = (study: string): Uint8Array<ArrayBuffer> => context(`own-secret ${study}`);
