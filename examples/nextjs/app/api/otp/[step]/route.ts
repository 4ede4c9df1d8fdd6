import { otpHandlers } from '@loggin/nextjs';

/** `/api/otp/start` and `/api/otp/verify`, for `<OtpForm>`. */
export const { POST } = otpHandlers();
