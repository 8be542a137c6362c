using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Services;

namespace Pantry.Daemon.Metrics;

/// <summary>Serves <c>/metrics</c> and <c>/healthz</c> where the configuration says so; nothing listens otherwise. Nothing that comes in is looked at but the path.</summary>
internal sealed class MetricsEndpoint : IAsyncDisposable
{
    private readonly List<(HttpListener Listener, Task Serving)> _listeners = [];
    private readonly IRunningService _service;
    private readonly LifeSigns _life;
    private readonly ILogger _log;
    private readonly Meter _process;

    private MetricsEndpoint(IRunningService service, LifeSigns life, ILogger log)
    {
        _service = service;
        _life = life;
        _log = log;
        _process = ProcessMeter.Create(life);
    }

    /// <exception cref="PantryException">The address cannot be listened on.</exception>
    public static MetricsEndpoint? Start(HostSettings settings, IRunningService service, LifeSigns life, ILogger log)
    {
        ListenAddress? metrics = settings.Metrics.Prometheus, health = settings.Health.Address;
        if (metrics is null && health is null)
            return null;
        var endpoint = new MetricsEndpoint(service, life, log);
        try
        {
            foreach (ListenAddress address in new[] { metrics, health }.OfType<ListenAddress>().Distinct())
                endpoint.Listen(address, address == metrics, address == health);
            return endpoint;
        }
        catch
        {
            endpoint.Close();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await Task.WhenAll(_listeners.Select(listener => listener.Serving)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Close()
    {
        foreach ((HttpListener listener, _) in _listeners)
            listener.Close();
        _process.Dispose();
    }

    private void Listen(ListenAddress address, bool metrics, bool health)
    {
        var listener = new HttpListener { IgnoreWriteExceptions = true };
        try
        {
            listener.Prefixes.Add($"http://{(address.Host is "0.0.0.0" or "::" ? "+" : address.Host.Contains(':', StringComparison.Ordinal) ? $"[{address.Host}]" : address.Host)}:{address.Port}/");
            listener.Start();
        }
        catch (Exception exception) when (exception is HttpListenerException or ArgumentException or System.Net.Sockets.SocketException)
        {
            listener.Close();
            throw new PantryException(PantryErrorCode.PortInUse,
                $"{(metrics ? "metrics.prometheus" : "health.address")} is {address}, and that cannot be listened on: {exception.Message} Give another address or port.", exception)
            { Target = address.ToString() };
        }

        _listeners.Add((listener, Task.Run(() => ServeAsync(listener, metrics, health))));
        _log.LogInformation("http://{Address} serves{Metrics}{Health}.", address, metrics ? " /metrics" : "", health ? " /healthz" : "");
    }

    private async Task ServeAsync(HttpListener listener, bool metrics, bool health)
    {
        while (listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await listener.GetContextAsync();
                Answer(context, metrics, health);
            }
            catch (Exception exception) when (exception is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                // Closed, or the peer has gone.
            }
            catch (Exception exception)
            {
                _log.LogError(exception, "A question for metrics could not be answered.");
            }
        }
    }

    private void Answer(HttpListenerContext context, bool metrics, bool health)
    {
        (HttpStatusCode status, string type, string text) = context.Request.HttpMethod is not ("GET" or "HEAD") ? (HttpStatusCode.MethodNotAllowed, "text/plain", "GET only\n")
            : context.Request.Url?.AbsolutePath switch
            {
                "/metrics" when metrics => (HttpStatusCode.OK, PrometheusText.ContentType, PrometheusText.Of(_service.Meter, _process)),
                "/healthz" when health => _life.Turns ? (HttpStatusCode.OK, "text/plain", "ok\n") : (HttpStatusCode.ServiceUnavailable, "text/plain", "the loop does not turn\n"),
                _ => (HttpStatusCode.NotFound, "text/plain", "not found\n"),
            };
        byte[] body = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = (int)status;
        context.Response.ContentType = type;
        context.Response.ContentLength64 = body.Length;
        context.Response.Close(context.Request.HttpMethod == "HEAD" ? [] : body, willBlock: false);
    }
}
