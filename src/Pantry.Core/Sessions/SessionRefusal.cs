namespace Pantry.Sessions;

/// <summary>The reason in an ERROR command of a handshake: an error's code, a colon and a text. Nobody has sealed it: it is a hint, not proof.</summary>
internal static class SessionRefusal
{
    public const int MaxLength = 255;

    public static string Write(PantryErrorCode code, string text)
    {
        string reason = new([.. $"{code}: {text}".Select(character => character is >= ' ' and <= '~' ? character : '?')]);
        return reason.Length <= MaxLength ? reason : reason[..MaxLength];
    }

    /// <param name="reason">The reason as it came.</param>
    /// <param name="server">Who says so.</param>
    /// <param name="expected">Fingerprint of the key that the server was expected to have.</param>
    public static PantryException Read(string reason, string server, string? expected = null)
    {
        string[] parts = reason.Split(": ", 2);
        bool known = Enum.TryParse(parts[0], out PantryErrorCode code) && Enum.IsDefined(code) && parts.Length == 2;
        string told = DisplayText.Clean(known ? parts[1] : reason, MaxLength);
        return new PantryException(
            known ? code : PantryErrorCode.Refused,
            $"The server {server} refuses: {told}{(code == PantryErrorCode.ServerKeyMismatch && expected is not null ? $" Expected was {expected}." : "")}")
        { Target = server };
    }
}
