import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.lang.reflect.Field;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/**
 * Loopback runs Amazon's DynamoDB Local on 127.0.0.1. DynamoDB Local itself has no option for an address and listens on
 * all of them; so the Jetty server that it has set up is told one before it starts. It is not started by DynamoDB Local's
 * own method, which would send telemetry.
 *
 * Without arguments it keeps everything in memory and takes a free port, which it prints, and ends when its standard
 * input does, so that it never outlives the test that started it. Arguments are DynamoDB Local's own, -port among them;
 * then it runs until it is stopped, which is LocalStack's to do.
 */
public final class Loopback {
    public static void main(String[] args) throws Exception {
        boolean alone = args.length == 0;
        DynamoDBProxyServer local = ServerRunner.createServerFromCommandLineArgs(
                alone ? new String[] {"-inMemory", "-sharedDb", "-disableTelemetry"} : args);
        Field field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        Server server = (Server) field.get(local);
        ServerConnector connector = null;
        for (Connector each : server.getConnectors()) {
            connector = (ServerConnector) each;
            connector.setHost("127.0.0.1");
            if (alone) {
                connector.setPort(0);
            }
        }
        server.start();
        System.out.println("listening on 127.0.0.1:" + connector.getLocalPort());
        if (!alone) {
            server.join();
        }
        while (System.in.read() >= 0) {
            // Only the end matters.
        }
        Runtime.getRuntime().halt(0);
    }
}
