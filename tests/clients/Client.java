// Java's HttpClient: Client.java URL CA VERSION TOKEN prints the status of each case.

import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Client {
    static String url;
    static String token;
    static HttpClient client;
    static HttpClient.Version version;

    public static void main(String[] arguments) throws Exception {
        url = arguments[0];
        token = arguments[3];
        version = arguments[2].equals("h2") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1;
        client = HttpClient.newBuilder().version(version).sslContext(trusting(arguments[1])).build();
        show("GET", send(request("/healthz").GET()));
        HttpResponse<String> head = send(request("/healthz").method("HEAD", BodyPublishers.noBody()));
        check(head.body().isEmpty() && head.headers().firstValue("content-length").get().equals("3"));
        show("HEAD", head);
        show("HEAD-405", send(request("/webhooks/a").method("HEAD", BodyPublishers.noBody())));
        HttpResponse<String> answer = send(post(sample("x"), token));
        check(answer.body().equals(sample("x")));
        show("POST", answer);
        show("POST-401", send(post(sample("x"), "Bearer a.b.c")));
        show("POST-4MB", send(post(sample("x".repeat(4_000_000)), token)));
        show("EXPECT", send(post(sample("x"), token).expectContinue(true)));
    }

    static SSLContext trusting(String file) throws Exception {
        KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
        roots.load(null);
        try (FileInputStream in = new FileInputStream(file)) {
            roots.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(roots);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(url + path)).timeout(Duration.ofSeconds(15));
    }

    static HttpRequest.Builder post(String body, String authorization) {
        return request("/webhooks/a")
                .header("content-type", "application/json")
                .header("authorization", authorization)
                .POST(BodyPublishers.ofString(body));
    }

    static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
        check(answer.version() == version);
        return answer;
    }

    static String sample(String text) {
        return "{\"event\":{\"name\":\"message_processed\"},\"payload\":{\"text\":\"" + text + "\"}}";
    }

    static void show(String name, HttpResponse<String> answer) {
        System.out.println(name + " " + answer.statusCode());
    }

    static void check(boolean is) {
        if (!is) {
            throw new AssertionError();
        }
    }
}
