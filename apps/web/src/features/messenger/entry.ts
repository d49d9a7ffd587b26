// First, before any module that makes a schema.
import '../account/strict-schemas.ts';

export { App } from './app.tsx';
