using System.Text;
using Pantry.Sessions.Curve;
using Pantry.Tests.Attacks;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>The properties of INITIATE and READY.</summary>
public sealed class CurveMetadataTests
{
    [Fact]
    public void Properties_arrive_as_they_were_and_names_are_the_same_in_any_case()
    {
        var metadata = CurveMetadata.Of(("Socket-Type", "DEALER"), ("Identity", ""), ("X.y_z+1", "größer"));
        byte[] bytes = metadata.Encode();
        Assert.Equal((byte[])[.. ZmtpBytes.Property("Socket-Type", "DEALER"), .. ZmtpBytes.Property("Identity", ""), .. ZmtpBytes.Property("X.y_z+1", Encoding.UTF8.GetBytes("größer"))], bytes);
        CurveMetadata decoded = CurveMetadata.TryDecode(bytes)!;
        Assert.Equal(3, decoded.Count);
        Assert.Equal("DEALER", decoded.Text("socket-TYPE"));
        Assert.Equal("", decoded.Text("Identity"));
        Assert.Equal("größer", decoded.Text("x.Y_Z+1"));
        Assert.Null(decoded.Text("Other"));
        Assert.Equal(bytes, decoded.Encode());
    }

    [Fact]
    public void A_value_that_is_no_text_is_kept_and_gives_no_text()
    {
        CurveMetadata metadata = CurveMetadata.TryDecode(ZmtpBytes.Property("Identity", [0xff, 0xfe]))!;
        Assert.Null(metadata.Text("Identity"));
        Assert.Equal(ZmtpBytes.Property("Identity", [0xff, 0xfe]), metadata.Encode());
    }

    [Fact]
    public void A_name_comes_once() =>
        Assert.Null(CurveMetadata.TryDecode([.. ZmtpBytes.Property("Role", "a"), .. ZmtpBytes.Property("rOLE", "b")]));

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a\0")]
    [InlineData("ä")]
    public void A_name_has_letters_digits_and_a_few_signs(string name)
    {
        byte[] bytes = [(byte)name.Length, .. Encoding.Latin1.GetBytes(name), 0, 0, 0, 0];
        Assert.Null(CurveMetadata.TryDecode(bytes));
        Assert.Throws<ArgumentException>(() => CurveMetadata.Of((name, "x")));
    }

    [Fact]
    public void There_is_a_cap_on_the_count_and_on_the_bytes()
    {
        byte[] most = [.. Enumerable.Range(0, CurveMetadata.MaxCount).SelectMany(i => ZmtpBytes.Property($"P{i}", "x"))];
        Assert.Equal(CurveMetadata.MaxCount, CurveMetadata.TryDecode(most)!.Count);
        Assert.Null(CurveMetadata.TryDecode([.. most, .. ZmtpBytes.Property("One-more", "x")]));

        byte[] largest = ZmtpBytes.Property("A", new byte[CurveMetadata.MaxBytes - 6]);
        Assert.Equal(CurveMetadata.MaxBytes, CurveMetadata.TryDecode(largest)!.Encode().Length);
        Assert.Null(CurveMetadata.TryDecode(ZmtpBytes.Property("A", new byte[CurveMetadata.MaxBytes - 5])));
        Assert.Throws<ArgumentException>(() => new CurveMetadata([new("A", new byte[CurveMetadata.MaxBytes - 5])]));
        Assert.NotNull(CurveMetadata.TryDecode(ZmtpBytes.Property(new string('n', 255), "")));
    }

    [Theory]
    [InlineData(uint.MaxValue)]
    [InlineData(0x80000000)]
    [InlineData(4u)]
    public void A_length_beyond_the_end_is_refused(uint announced) =>
        Assert.Null(CurveMetadata.TryDecode(ZmtpBytes.Property("A", [1, 2, 3], announced)));

    [Fact]
    public void Metadata_that_end_early_are_refused()
    {
        byte[] bytes = ZmtpBytes.Property("Socket-Type", "DEALER");
        for (int length = 1; length < bytes.Length; length++)
            Assert.Null(CurveMetadata.TryDecode(bytes.AsSpan(0, length)));
        Assert.Equal(0, CurveMetadata.TryDecode([])!.Count);
    }
}
