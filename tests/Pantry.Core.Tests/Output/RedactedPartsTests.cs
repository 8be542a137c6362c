using System.Diagnostics;
using System.Text;
using Pantry.Commands;

namespace Pantry.Tests.Output;

/// <summary>Secrets that lie across the places where output is cut.</summary>
public sealed class RedactedPartsTests
{
    [Theory]
    [InlineData("abcd|cdefgh", "xabcdefghx", "x********x")]
    [InlineData("aaaa", "aaaaaaaab", "********b")]
    [InlineData("pass|pass-and-more", "[pass-and-more] [pass]", "[********] [********]")]
    [InlineData("hunter2", "hunter2hunter2", "****************")]
    public void Of_values_that_overlap_nothing_is_left(string secrets, string output, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(Redactor(secrets).Redact(Encoding.UTF8.GetBytes(output))));

    [Theory]
    [InlineData("the password is hunt", 16)]
    [InlineData("the password is hunter2", 23)]
    [InlineData("h", 0)]
    [InlineData("no secret", 9)]
    [InlineData("hunterhunt", 6)]
    public void Only_what_could_be_the_beginning_of_a_value_is_undecided(string output, int decided) =>
        Assert.Equal(decided, Redactor("hunter2").Decided(Encoding.UTF8.GetBytes(output)));

    [Fact]
    public void To_look_for_the_beginning_of_a_long_value_of_many_lines_takes_no_longer_than_to_look_for_the_value()
    {
        var random = new Random(7);
        SecretRedactor redactor = new([Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 500).Select(_ => Letters(random, 64))))]);
        byte[] output = Encoding.UTF8.GetBytes(new string('x', redactor.LongestValue));

        TimeSpan redacting = Takes(() => redactor.Redact(output)), deciding = Takes(() => redactor.Decided(output));

        Assert.True(deciding < redacting * 5, $"{deciding} against {redacting}");
    }

    [Fact]
    public void Parts_that_are_cut_anywhere_are_the_same_bytes_as_the_whole()
    {
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            // Few letters, so that values overlap each other and themselves.
            string[] secrets = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Letters(random, random.Next(4, 9)))];
            SecretRedactor redactor = new(secrets.Select(Encoding.UTF8.GetBytes));
            byte[] output = Encoding.UTF8.GetBytes(Letters(random, random.Next(0, 120)));
            byte[] whole = redactor.Redact(output);

            var parts = new List<byte>();
            bool inside = false;
            for (int at = 0, there = 0; at < output.Length;)
            {
                // What has been written so far, and what of that is decided.
                there = Math.Min(output.Length, Math.Max(there, at) + random.Next(0, 20));
                int decided = there == output.Length ? there : redactor.Decided(output.AsSpan(0, there));
                if (decided <= at)
                    continue;
                int from = Math.Max(0, at - redactor.LongestValue), to = random.Next(at, decided + 1), end = Math.Min(there, to + redactor.LongestValue);
                parts.AddRange(redactor.Redact(output.AsSpan(from, end - from), at - from, to - from, ref inside));
                at = to;
            }

            Assert.Equal((seed, Encoding.UTF8.GetString(whole)), (seed, Encoding.UTF8.GetString([.. parts])));
            Assert.All(secrets, secret => Assert.DoesNotContain(secret, Encoding.UTF8.GetString(whole), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_stream_gives_the_same_bytes_as_the_whole_however_it_comes_and_keeps_nothing_back_that_is_decided()
    {
        for (int seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            SecretRedactor redactor = new([.. Enumerable.Range(0, random.Next(0, 4)).Select(_ => Encoding.UTF8.GetBytes(Letters(random, random.Next(4, 9))))]);
            var stream = new RedactedStream(redactor);
            // A second output on the same stream begins anew: a value does not reach over the end of the first.
            for (int output = 0; output < 2; output++)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(Letters(random, random.Next(0, 120)));
                var given = new List<byte>();
                for (int at = 0; at < bytes.Length;)
                {
                    int count = random.Next(0, Math.Min(20, bytes.Length - at) + 1);
                    given.AddRange(stream.Take(bytes.AsSpan(at, count)));
                    at += count;
                    if (redactor.IsEmpty)
                        Assert.Equal(at, given.Count);
                }

                given.AddRange(stream.End());
                Assert.Equal((seed, Encoding.UTF8.GetString(redactor.Redact(bytes))), (seed, Encoding.UTF8.GetString([.. given])));
            }
        }

        var soon = new RedactedStream(Redactor("hunter2"));
        Assert.Equal("the password is ", Encoding.UTF8.GetString(soon.Take("the password is hunt"u8)));
        Assert.Equal("********, as you know", Encoding.UTF8.GetString(soon.Take("er2, as you know"u8)));
    }

    private static TimeSpan Takes(Action work)
    {
        long begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < 20; i++)
            work();
        return Stopwatch.GetElapsedTime(begun);
    }

    private static SecretRedactor Redactor(string secrets) => new(secrets.Split('|').Select(Encoding.UTF8.GetBytes));

    private static string Letters(Random random, int count) => new([.. Enumerable.Range(0, count).Select(_ => "abc"[random.Next(3)])]);
}
