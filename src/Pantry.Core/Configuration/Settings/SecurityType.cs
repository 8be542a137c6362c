namespace Pantry.Configuration.Settings;

/// <summary>The original Pantry could do without encryption; this one cannot, and says what there is instead.</summary>
internal static class SecurityType
{
    public const string Curve = "curve";

    public static SettingType<string> Instance { get; } = new("curve", "curve",
        text => (true, text.Trim().ToLowerInvariant()), text => text)
    {
        Choices = [Curve],
        Fault = text => text == Curve ? null
            : $"cannot be '{DisplayText.Clean(text, 80)}': there is 'curve' and nothing else. Every connection is encrypted and both sides prove their keys (CurveZMQ); "
                + "clients are let in by enrolment or approval. Leave the key out, or say curve",
    };
}
