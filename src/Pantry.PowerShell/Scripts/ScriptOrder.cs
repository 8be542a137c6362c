using System.Collections;
using System.Management.Automation;
using System.Text;

namespace Pantry.PowerShell.Scripts;

/// <summary>The arguments of an order that a PowerShell script carries out: one CLIXML document, so that values keep their types.</summary>
internal sealed record ScriptOrder
{
    public const int MaxDepth = Commands.ScriptCommand.MaxDepth;

    // How CLIXML writes secure strings, and types that hold a password. In text, these characters are escaped.
    private static readonly string[] Exposed = ["<SS ", "<SS>", "<SS/", "<T>Pantry.Secret<", "<T>System.Net.NetworkCredential<"];

    // The document's own two levels above the values: the table, and the list or table in it.
    private const int EnvelopeDepth = 2;

    /// <summary>Text of the script; empty where the client has it by name.</summary>
    public string Script { get; init; } = "";

    public IReadOnlyList<object?> Arguments { get; init; } = [];

    public Hashtable? Parameters { get; init; }

    /// <summary>Values of $using: expressions, by key.</summary>
    public Hashtable Using { get; init; } = [];

    /// <summary>Where the values go that are secrets and travel apart.</summary>
    public IReadOnlyList<SecretPlace> Secrets { get; init; } = [];

    /// <summary>On the client: secrets that are variables of the script's scope.</summary>
    public IReadOnlyDictionary<string, object> Variables { get; init; } = new Dictionary<string, object>();

    /// <summary>Levels of properties that values and output keep.</summary>
    public int Depth { get; init; } = 1;

    /// <exception cref="PantryException">A secret lies inside another value, where it would be written in clear.</exception>
    public byte[] ToBytes()
    {
        var document = new Hashtable
        {
            ["Script"] = Script,
            ["Arguments"] = Arguments.ToArray(),
            ["Parameters"] = Parameters,
            ["Using"] = Using,
            ["Secrets"] = Secrets.Select(place => place.ToTable()).ToArray(),
            ["Depth"] = Depth,
        };
        string text = PSSerializer.Serialize(document, Depth + EnvelopeDepth);
        if (Exposed.FirstOrDefault(mark => text.Contains(mark, StringComparison.Ordinal)) is not null)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                "A secret lies inside another value, such as a table, a list or an object, and would be sent in clear there. "
                + "Give it by itself: as an argument, as a value of -Argument, as a $using: variable, or with -Secret.");
        }

        return [.. Encoding.UTF8.GetBytes(text), 0];
    }

    /// <exception cref="PantryException">The bytes are no such document.</exception>
    public static ScriptOrder FromBytes(byte[] bytes)
    {
        if (bytes.Length == 0)
            return new ScriptOrder();
        Hashtable document;
        try
        {
            document = Value(PSSerializer.Deserialize(Encoding.UTF8.GetString(bytes).TrimEnd('\0'))) as Hashtable
                ?? throw new FormatException("It holds no table.");
        }
        catch (Exception exception) when (exception is FormatException or System.Xml.XmlException or RuntimeException)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The script's arguments could not be read: {exception.Message}", exception);
        }

        return new ScriptOrder
        {
            Script = Value(document["Script"]) as string ?? "",
            Arguments = Value(document["Arguments"]) is IEnumerable list and not string ? [.. list.Cast<object?>()] : [],
            Parameters = Value(document["Parameters"]) as Hashtable,
            Using = Value(document["Using"]) as Hashtable ?? [],
            Secrets = Value(document["Secrets"]) is IEnumerable places and not string
                ? [.. places.Cast<object?>().Select(place => SecretPlace.FromTable(Value(place) as Hashtable)).OfType<SecretPlace>()]
                : [],
            Depth = Math.Clamp(Value(document["Depth"]) as int? ?? 1, 1, MaxDepth),
        };
    }

    private static object? Value(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
