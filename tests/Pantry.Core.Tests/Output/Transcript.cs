using System.Text;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.Tests.Output;

/// <summary>What a console saw of a job's output. Each piece must be the next one of its target: nothing is missing, and nothing comes twice.</summary>
internal sealed class Transcript(IReadOnlyList<string> targets)
{
    private readonly Lock _lock = new();
    private readonly int[] _next = new int[targets.Count];
    private readonly List<StoredPiece> _pieces = [];
    private readonly HashSet<int> _ended = [];

    public bool IsOver { get; private set; }

    /// <summary>The next piece of each target.</summary>
    public IReadOnlyList<int> Next
    {
        get
        {
            lock (_lock)
                return [.. _next];
        }
    }

    /// <summary>The pieces in the order they came.</summary>
    public IReadOnlyList<StoredPiece> Pieces
    {
        get
        {
            lock (_lock)
                return [.. _pieces];
        }
    }

    public async Task ReadAsync(IJob job, CancellationToken cancellation)
    {
        await foreach (OutputPage page in job.ReadOutputAsync(Next, cancellation))
            Add(page);
    }

    public void Add(OutputPage page)
    {
        lock (_lock)
        {
            Assert.False(IsOver);
            foreach (StoredPiece piece in page.Pieces)
            {
                Assert.DoesNotContain(piece.Head.Target, _ended);
                Assert.Equal((piece.Head.Target, _next[piece.Head.Target]), (piece.Head.Target, piece.Head.Sequence));
                _next[piece.Head.Target]++;
                _pieces.Add(piece);
            }

            Assert.All(page.Ended, target => Assert.True(_ended.Add(target)));
            IsOver = page.Last;
        }
    }

    public string Text(string client, int stream = Result.StandardOutputBody) =>
        Encoding.UTF8.GetString([.. Of(client).Where(piece => piece.Head.Stream == stream).SelectMany(piece => piece.Bytes)]);

    public IEnumerable<StoredPiece> Of(string client) => Pieces.Where(piece => targets[piece.Head.Target] == client);
}
