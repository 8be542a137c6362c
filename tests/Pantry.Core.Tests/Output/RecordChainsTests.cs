using System.Text;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.Tests.Output;

/// <summary>Records that are longer than a piece.</summary>
public sealed class RecordChainsTests
{
    private static readonly StoredPiece[] Pieces = [Piece(0, "Oone\0"), Piece(1, "Olo", more: true), Piece(2, "n", more: true), Piece(3, "g\0Onext\0"), Piece(4, "Olast\0")];

    [Fact]
    public void A_long_record_has_the_number_of_the_piece_that_begins_it()
    {
        var chains = new RecordChains();

        Assert.Equal([(0, "Oone\0"), (1, null), (1, null), (1, "Olong\0Onext\0"), (4, "Olast\0")], Pieces.Select(piece => Text(chains.Join(piece))));
    }

    [Fact]
    public void Who_goes_on_at_the_number_of_a_long_record_has_it_whole_again()
    {
        var first = new RecordChains();
        int seen = Pieces.Take(4).Select(first.Join).ToList()[^1].First;
        var second = new RecordChains();

        Assert.Equal([(1, null), (1, null), (1, "Olong\0Onext\0"), (4, "Olast\0")], Pieces[seen..].Select(piece => Text(second.Join(piece))));
    }

    [Fact]
    public void Records_of_other_targets_have_nothing_to_do_with_it()
    {
        var chains = new RecordChains();
        chains.Join(Pieces[1]);

        Assert.Equal((7, "Oother\0"), Text(chains.Join(Piece(7, "Oother\0", target: 1))));
        Assert.Equal((1, "Olo\0"), Text(chains.Join(Piece(2, "\0"))));
    }

    private static (int First, string? Records) Text((int First, byte[]? Records) joined) => (joined.First, joined.Records is null ? null : Encoding.UTF8.GetString(joined.Records));

    private static StoredPiece Piece(int sequence, string text, bool more = false, int target = 0)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return new StoredPiece(new PieceHead(target, sequence, Result.OutputBody, bytes.Length, DateTimeOffset.UnixEpoch, more, false, null), bytes);
    }
}
