export {} from './errors.ts';
