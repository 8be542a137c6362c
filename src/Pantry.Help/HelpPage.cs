namespace Pantry.Help;

/// <summary>What a page adds to the comments of a cmdlet.</summary>
internal sealed record HelpPage(IReadOnlyList<string> Description, IReadOnlyList<HelpExample> Examples, IReadOnlyList<string> Links)
{
    public static HelpPage Empty { get; } = new([], [], []);
}

/// <summary>An example: commands that work as they are written, and what is to be said of them.</summary>
internal sealed record HelpExample(string Title, string Code, IReadOnlyList<string> Remarks);
