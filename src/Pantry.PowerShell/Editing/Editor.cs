using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Pantry.PowerShell.Editing;

/// <summary>The user's editor. It gets the file as an argument of its own; no shell ever sees it.</summary>
internal sealed class Editor
{
    private static readonly string[] Variables = ["VISUAL", "EDITOR"];

    private readonly string _program;
    private readonly IReadOnlyList<string> _arguments;

    private Editor(string program, IReadOnlyList<string> arguments)
    {
        _program = program;
        _arguments = arguments;
    }

    /// <exception cref="PantryException">None is named, and the platform has none of its own.</exception>
    public static Editor Find()
    {
        string? named = Variables.Select(Environment.GetEnvironmentVariable).FirstOrDefault(value => !string.IsNullOrWhiteSpace(value)) ?? (OperatingSystem.IsWindows() ? "notepad.exe" : null);
        return Words(named ?? "") is [var program, .. var arguments]
            ? new Editor(program, arguments)
            : throw new PantryException(PantryErrorCode.InvalidArgument, "No editor is named. Set $env:EDITOR, such as to 'nano' or 'code --wait', or change the document in a file of your own and give that to Set-PantryApplication.");
    }

    /// <summary>Runs the editor until it is closed.</summary>
    /// <exception cref="PantryException">It could not be started, or said that it failed.</exception>
    public void Run(string file, CancellationToken cancellation)
    {
        // It has the console while it runs.
        var start = new ProcessStartInfo(_program) { UseShellExecute = false };
        foreach (string argument in _arguments)
            start.ArgumentList.Add(argument);
        start.ArgumentList.Add(file);
        try
        {
            using Process process = Process.Start(start)!;
            using CancellationTokenRegistration killed = cancellation.Register(() => process.Kill(entireProcessTree: true));
            process.WaitForExit();
            cancellation.ThrowIfCancellationRequested();
            if (process.ExitCode != 0)
                throw Failed($"ended with the exit code {process.ExitCode}, so nothing was saved");
        }
        catch (Exception exception) when (exception is ExternalException or InvalidOperationException)
        {
            throw Failed($"could not be run: {exception.Message}", exception);
        }
    }

    // Words, of which some may be in quotes.
    private static List<string> Words(string command)
    {
        var words = new List<string>();
        var word = new System.Text.StringBuilder();
        char? quote = null;
        bool any = false;
        foreach (char character in command)
        {
            if (character == quote)
            {
                quote = null;
            }
            else if (quote is null && character is '"' or '\'')
            {
                quote = character;
                any = true;
            }
            else if (quote is null && char.IsWhiteSpace(character))
            {
                Add();
            }
            else
            {
                word.Append(character);
                any = true;
            }
        }

        Add();
        return words;

        void Add()
        {
            if (any)
                words.Add(word.ToString());
            word.Clear();
            any = false;
        }
    }

    private PantryException Failed(string what, Exception? inner = null) =>
        new(PantryErrorCode.InvalidArgument, $"The editor '{_program}' {what}. $env:VISUAL and $env:EDITOR say which one is used.", inner) { Target = _program };
}
