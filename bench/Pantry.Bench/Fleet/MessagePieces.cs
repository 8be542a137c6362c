using BenchmarkDotNet.Attributes;
using NaCl;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Sessions.Curve;

namespace Pantry.Bench.Fleet;

/// <summary>A client's result on its way: codec, seal of a session, seal of a stream.</summary>
[MemoryDiagnoser]
public class MessagePieces : IDisposable
{
    private readonly WireLimits _limits = new();
    private readonly CurveSession _client = new(new byte[XSalsa20Poly1305.KeyLength], isServer: false, 1, 1);
    private readonly CurveSession _server = new(new byte[XSalsa20Poly1305.KeyLength], isServer: true, 1, 1);
    private readonly StreamKey _stream = new(1);
    private readonly StreamOpener _opener;
    private readonly Message _result = new(MessageKind.Result, new Result(
        Guid.NewGuid().ToString("N"), CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, DateTimeOffset.UtcNow, TimeSpan.FromSeconds(1)))
    { Bodies = [new byte[200]] };

    private readonly byte[][] _frames;

    public MessagePieces()
    {
        _frames = MessageCodec.Encode(_result);
        _opener = new StreamOpener(_limits, TimeSpan.FromMinutes(1), TimeProvider.System);
        _opener.Replace([_stream.Grant]);
    }

    [Benchmark]
    public int EncodeAResult() => MessageCodec.Encode(_result).Length;

    [Benchmark]
    public bool DecodeAResult() => MessageCodec.TryDecode(_frames, Senders.Client, _limits, out _, out _) == DecodeFault.None;

    [Benchmark]
    public bool SealAndOpenItInASession() => SessionSeal.Open(_server, SessionSeal.Seal(_client, _frames)) is not null;

    [Benchmark]
    public bool SealAndOpenItOnAStream() => _opener.Open(_stream.Id, _stream.Seal(_frames)) is not null;

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        _opener.Dispose();
        _stream.Dispose();
        GC.SuppressFinalize(this);
    }
}
