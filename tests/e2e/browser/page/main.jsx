/** Runs the app in the page: upon what the server rendered, where it did. */

import { StrictMode } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { App } from './app.jsx';

const root = document.getElementById('root');
const { search = location.search } = document.documentElement.dataset;
const app = new URLSearchParams(search).has('strict') ? (
  <StrictMode>
    <App search={search} />
  </StrictMode>
) : (
  <App search={search} />
);

if (root.hasChildNodes()) {
  hydrateRoot(root, app);
} else {
  createRoot(root).render(app);
}
