// First, before any module that makes a schema.
import './strict-schemas.ts';

export { App } from './app.tsx';
