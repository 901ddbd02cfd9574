export { npyBytes, npzBytes, toyMedMnist } from './testing/npz-writer.ts';
