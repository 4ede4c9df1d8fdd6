/** Renders the app to text, as a server does. */

import { renderToString } from 'react-dom/server';
import { App } from './app.jsx';

export const render = (search) => renderToString(<App search={search} />);
