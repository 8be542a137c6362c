using System.Net;
using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>One attempt to get a TCP connection to the target: name, addresses, proxy.</summary>
internal sealed class Dialer(DialOptions options, GateLimits limits, TimeProvider time)
{
    /// <summary>Connects, or throws a <see cref="DialFault"/>.</summary>
    public async Task<Socket> DialAsync(CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(options.ConnectTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);
        try
        {
            return options.Proxy is null
                ? await ConnectAsync(options.Host, options.Port, options.Target, both.Token)
                : await TunnelAsync(options.Proxy, both.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancel.IsCancellationRequested)
        {
            throw new DialFault(GateFaults.TimedOut(options.Target, options.ConnectTimeout));
        }
    }

    private async Task<Socket> TunnelAsync(Uri proxy, CancellationToken cancel)
    {
        string shown = $"{proxy.Scheme}://{proxy.Host}:{proxy.Port}";
        // A proxy could resolve the name to something else, so where addresses matter it gets the checked address.
        string host = options.AllowAddress is null
            ? options.Host.Trim('[', ']')
            : (await ResolveAsync(options.Host, cancel))[0].ToString();
        Socket socket = await ConnectAsync(proxy.Host, proxy.Port, shown, cancel);
        try
        {
            string? refusal = proxy.Scheme switch
            {
                "http" => await HttpProxy.OpenAsync(socket, host, options.Port, proxy, cancel),
                "socks5" => await Socks5Proxy.OpenAsync(socket, host, options.Port, proxy, cancel),
                _ => $"the scheme {proxy.Scheme} is not supported, use http or socks5",
            };
            return refusal is null ? socket : throw new DialFault(GateFaults.Proxy(shown, options.Target, refusal));
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new DialFault(GateFaults.Proxy(shown, options.Target, $"the connection broke ({error.SocketErrorCode})"), error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<Socket> ConnectAsync(string host, int port, string shown, CancellationToken cancel)
    {
        List<IPAddress> addresses = await ResolveAsync(host, cancel);
        SocketException? last = null;
        for (int index = 0; index < addresses.Count; index++)
        {
            // An address that swallows packets must leave time for those after it.
            using var share = new CancellationTokenSource(options.ConnectTimeout / addresses.Count, time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(share.Token, cancel);
            var socket = new Socket(addresses[index].AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                GateSocketOptions.Apply(socket, limits);
                await socket.ConnectAsync(new IPEndPoint(addresses[index], port), both.Token);
                return socket;
            }
            catch (SocketException error)
            {
                socket.Dispose();
                last = error;
            }
            catch (OperationCanceledException) when (share.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                socket.Dispose();
                last ??= new SocketException((int)SocketError.TimedOut);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw new DialFault(GateFaults.Connect(shown, last!), last);
    }

    private async Task<List<IPAddress>> ResolveAsync(string host, CancellationToken cancel)
    {
        IPAddress[] found;
        try
        {
            found = IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? literal)
                ? [literal]
                : await Dns.GetHostAddressesAsync(host, cancel);
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            throw new DialFault(GateFaults.NameNotResolved(host, error.Message), error);
        }

        if (found.Length == 0)
            throw new DialFault(GateFaults.NameNotResolved(host, "no address"));
        List<IPAddress> allowed = [.. found.Where(address => options.AllowAddress?.Invoke(address) ?? true)];
        if (allowed.Count == 0)
            throw new DialFault(GateFaults.AddressNotAllowed(host, found, options.AllowedAddresses));
        return allowed;
    }
}
