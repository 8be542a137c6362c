using Pantry.Commands;

namespace Pantry.Tests.Commands;

public sealed class SecretRedactorTests
{
    [Fact]
    public void Every_value_is_taken_out_wherever_it_stands()
    {
        var redactor = new SecretRedactor(["hunter2"u8.ToArray(), "correct horse"u8.ToArray()]);

        Assert.Equal("no ******** and ********, ********!", redactor.Redact("no hunter2 and correct horse, hunter2!"));
    }

    [Fact]
    public void A_value_that_holds_another_is_taken_out_whole()
    {
        var redactor = new SecretRedactor(["pass"u8.ToArray(), "pass-and-more"u8.ToArray()]);

        Assert.Equal("[********] [********]", redactor.Redact("[pass-and-more] [pass]"));
    }

    [Fact]
    public void A_value_of_many_lines_is_taken_out_line_by_line_too()
    {
        var redactor = new SecretRedactor(["-----BEGIN KEY-----\r\nMIIEvQIBADANBg\r\n-----END KEY-----\r\n"u8.ToArray()]);

        Assert.Equal("bad line: ********", redactor.Redact("bad line: MIIEvQIBADANBg"));
    }

    [Fact]
    public void A_value_whose_control_characters_were_made_visible_is_taken_out_as_well()
    {
        var redactor = new SecretRedactor(["a\u0007b\u001bcd"u8.ToArray()]);

        Assert.Equal("said ********", redactor.Redact(DisplayText.Clean("said a\u0007b\u001bcd")));
    }

    [Fact]
    public void Very_short_values_stay_for_they_are_in_every_text() =>
        Assert.Equal("yes and no", new SecretRedactor(["yes"u8.ToArray(), []]).Redact("yes and no"));

    [Fact]
    public void Bytes_that_are_no_text_do_no_harm() =>
        Assert.Equal("text", new SecretRedactor([[0xff, 0xfe, 0, 1, 2, 3]]).Redact("text"));
}
