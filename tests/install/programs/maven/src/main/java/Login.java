import loggin.CreatedToken;
import loggin.Loggin;
import loggin.LogginConfig;

/** Prints the link, and then who signed in. */
public final class Login {
    public static void main(String[] arguments) throws Exception {
        LogginConfig options = LogginConfig.builder().baseUrl(System.getenv("LOGGIN_BASE_URL")).build();
        try (Loggin client = new Loggin(options)) {
            CreatedToken login = client.createToken("8XKPQ2WN");
            System.out.println(login.getLink());
            System.out.println(client.waitForVerifyBlocking(login.getToken()).getPhone());
        }
    }
}
