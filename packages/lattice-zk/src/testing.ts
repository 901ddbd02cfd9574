export { INSECURE_N64, insecureUpdateStatement, seededProof, seededStream } from './testing/seeded.ts';
