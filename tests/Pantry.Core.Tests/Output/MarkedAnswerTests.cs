using System.Text;
using Pantry.Commands;

namespace Pantry.Tests.Output;

/// <summary>What a PowerShell child says, among what its script writes to the console.</summary>
public sealed class MarkedAnswerTests
{
    private const string Mark = "pantry-0123456789abcdef";

    [Fact]
    public void Text_records_and_the_answer_are_told_apart_wherever_a_read_ends()
    {
        string all = $"before{Line("Oone\0")}pan{Line("Etwo\0Wth")}{Line("ree\0")}\npantry-01 {Mark[..^1]} after\n{Mark}\nSucceeded\n{Mark}+\n";
        for (int size = 1; size <= all.Length; size++)
        {
            using CappedOutput records = new(1000), answer = new(1000);
            var marked = new MarkedAnswer(Encoding.ASCII.GetBytes(Mark), records, answer);
            using var output = new CappedOutput(1000, marked);
            foreach (byte[] piece in Encoding.ASCII.GetBytes(all).Chunk(size))
                output.Add(piece);

            Assert.Equal($"beforepan\npantry-01 {Mark[..^1]} after\n", Encoding.ASCII.GetString(output.ToArray()));
            Assert.Equal("Oone\0Etwo\0Wthree\0", Encoding.ASCII.GetString(records.ToArray()));
            Assert.Equal($"\nSucceeded\n{Mark}+\n", Encoding.ASCII.GetString(marked.Answer!));
        }
    }

    [Fact]
    public void What_is_no_base64_is_left_out_and_a_line_without_end_is_not_waited_for()
    {
        using CappedOutput records = new(1000), answer = new(1000);
        var marked = new MarkedAnswer(Encoding.ASCII.GetBytes(Mark), records, answer);
        using var output = new CappedOutput(100_000, marked);
        output.Add(Encoding.ASCII.GetBytes($"{Mark}+no base64!\n{Line("Ogood\0")}{Mark}+{new string('A', 50_000)}"));
        output.Add(Encoding.ASCII.GetBytes("\nrest"));

        Assert.Equal("Ogood\0", Encoding.ASCII.GetString(records.ToArray()));
        Assert.Null(marked.Answer);
        Assert.EndsWith("rest", Encoding.ASCII.GetString(output.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_an_answer_all_of_the_text_is_kept()
    {
        using CappedOutput records = new(1000), answer = new(1000);
        var marked = new MarkedAnswer(Encoding.ASCII.GetBytes(Mark), records, answer);
        using var output = new CappedOutput(1000, marked);
        output.Add(Encoding.ASCII.GetBytes($"text {Mark[..10]}"));

        Assert.Equal("text ", Encoding.ASCII.GetString(output.Read(0, 1000)));
        Assert.Equal($"text {Mark[..10]}", Encoding.ASCII.GetString(output.ToArray()));
        Assert.Null(marked.Answer);
    }

    private static string Line(string records) => $"{Mark}+{Convert.ToBase64String(Encoding.ASCII.GetBytes(records))}\n";
}
