/** Runs the app of Vue in the page. */

import { createApp } from 'vue';
import { server, signIn } from '../sign-in.js';
import App from './app.vue';

createApp(App, { server, signIn }).mount('#root');
