/** Starts the page. */
import { render } from 'preact';
import { App } from './app.tsx';
import { ReviewModel } from './review-model.ts';

const model = new ReviewModel();
render(<App model={model} />, document.getElementById('app')!);
void model.begin();
