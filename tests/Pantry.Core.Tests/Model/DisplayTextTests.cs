namespace Pantry.Tests;

public sealed class DisplayTextTests
{
    [Fact]
    public void Control_characters_of_a_client_never_reach_the_console() =>
        Assert.Equal("a␛[31mb", DisplayText.Clean("a\u001b[31mb"));
}
