/** Runs the app of Svelte in the page. */

import { mount } from 'svelte';
import { server, signIn } from '../sign-in.js';
import App from './app.svelte';

mount(App, { target: document.getElementById('root'), props: { server, signIn } });
