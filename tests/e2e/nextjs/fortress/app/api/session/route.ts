import { sessionHandlers } from '@loggin/nextjs';

export const { GET, DELETE } = sessionHandlers();
