import { render } from 'preact';
import '../page/page.css';
import { App } from './app.tsx';

render(<App />, document.getElementById('page')!);
