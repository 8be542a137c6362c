using System.Net;
using System.Net.Sockets;

namespace Pantry.Tests.Faults;

/// <summary>One connection through a <see cref="FaultProxy"/>.</summary>
/// <param name="near">The side of whoever dialled.</param>
/// <param name="far">The side of the target.</param>
internal sealed class FaultConnection(TcpClient near, TcpClient far)
{
    /// <summary>Towards the target.</summary>
    public FaultFlow ToServer { get; } = new();

    /// <summary>Back to whoever dialled.</summary>
    public FaultFlow ToClient { get; } = new();

    /// <summary>Resets it: both sides see an error, and what was on the way is lost.</summary>
    public void Cut()
    {
        foreach (TcpClient side in (TcpClient[])[near, far])
        {
            try
            {
                if (side.Client is { } socket)
                    socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception exception) when (IsOver(exception))
            {
                // It has ended already.
            }

            side.Dispose();
        }

        Release();
    }

    /// <summary>Ends it in an orderly way: both sides see its end.</summary>
    public void Close()
    {
        near.Dispose();
        far.Dispose();
        Release();
    }

    /// <summary>Ends one direction; what is still said in it goes nowhere. The other one goes on.</summary>
    public void HalfClose(bool toServer)
    {
        (toServer ? ToServer : ToClient).Swallow();
        try
        {
            (toServer ? far : near).Client?.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (IsOver(exception))
        {
            // It has ended already, or was never there.
        }
    }

    /// <summary>Dials the target and carries bytes until the connection has ended.</summary>
    public async Task RunAsync(int target, FaultFlow allToServer, FaultFlow allToClient)
    {
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, target);
        }
        catch (Exception exception) when (IsOver(exception))
        {
            Cut();
            return;
        }

        await Task.WhenAny(PumpAsync(near, far, allToServer, ToServer), PumpAsync(far, near, allToClient, ToClient));
        Close();
    }

    private static async Task PumpAsync(TcpClient from, TcpClient to, FaultFlow all, FaultFlow own)
    {
        byte[] buffer = new byte[32 * 1024];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer)) > 0)
            {
                await all.PassAsync(read);
                await own.PassAsync(read);
                if (!own.Swallows)
                    await to.GetStream().WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (IsOver(exception))
        {
            // Cut.
        }
    }

    private void Release()
    {
        ToServer.Resume();
        ToClient.Resume();
    }

    private static bool IsOver(Exception exception) => exception is IOException or SocketException or ObjectDisposedException or InvalidOperationException;
}
