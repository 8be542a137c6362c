using System.Text;
using Pantry.Protocol;

namespace Pantry.Tests.Output;

/// <summary>Where output is cut.</summary>
public sealed class OutputCutTests
{
    [Theory]
    [InlineData("one\ntwo\nthr", true, 8)]
    [InlineData("name? ", true, 0)]
    [InlineData("name? ", false, 6)]
    [InlineData("", false, 0)]
    [InlineData("done\n", true, 5)]
    public void Text_is_cut_behind_a_line_and_a_line_is_waited_for_by_the_patient(string text, bool patient, int expected) =>
        Assert.Equal((expected, false), OutputCut.Next(Encoding.UTF8.GetBytes(text), Result.StandardOutputBody, patient));

    [Fact]
    public void A_line_longer_than_a_piece_is_cut_and_no_character_with_it()
    {
        byte[] text = Encoding.UTF8.GetBytes("x" + new string('é', OutputCut.PieceBytes));

        (int length, bool more) = OutputCut.Next(text, Result.StandardErrorBody, patient: true);

        Assert.Equal((OutputCut.PieceBytes - 1, false), (length, more));
    }

    [Fact]
    public void A_record_longer_than_a_piece_goes_on_in_the_next()
    {
        byte[] records = [.. new byte[OutputCut.PieceBytes + 10].Select(_ => (byte)'O'), 0, (byte)'O', (byte)'x', 0];

        Assert.Equal((OutputCut.PieceBytes, true), OutputCut.Next(records, Result.OutputBody, patient: true));
        Assert.Equal((14, false), OutputCut.Next(records.AsSpan(OutputCut.PieceBytes), Result.OutputBody, patient: true));
        Assert.Equal((0, false), OutputCut.Next("Ohalf"u8, Result.OutputBody, patient: true));
    }
}
