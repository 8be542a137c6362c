using System.Collections;
using System.Management.Automation;
using System.Security;
using System.Security.Cryptography;
using System.Text;
using Pantry.Commands;

namespace Pantry.PowerShell.Scripts;

/// <summary>The secrets of an order that is being made: each is taken from where the user gave it, to be sealed to the targets.</summary>
internal sealed class OrderSecrets
{
    private const int MaxNameLength = 100;

    private readonly Dictionary<string, byte[]> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<SecretPlace> _places = [];

    /// <summary>The values, by name; null where there are none.</summary>
    public IReadOnlyDictionary<string, byte[]>? Values => _values.Count == 0 ? null : _values;

    /// <summary>Whether a value is a secret by its type.</summary>
    public static bool IsSecret(object? value) => Unwrapped(value) is SecureString or PSCredential or Secret;

    /// <summary>Secrets as variables of a program's environment; a credential is two, its user's name and its password.</summary>
    public void AddEnvironment(IDictionary? secrets)
    {
        foreach ((string name, object value) in Named(secrets))
        {
            if (value is PSCredential credential)
            {
                AddVariable(name + SecretRedactor.UserNameSuffix, Encoding.UTF8.GetBytes(credential.UserName));
                AddVariable(name + SecretRedactor.PasswordSuffix, Reveal(credential.Password));
            }
            else
            {
                AddVariable(name, Reveal(value));
            }
        }

        RequireHidden(secrets, SecretRedactor.PasswordSuffix);
    }

    /// <summary>Secrets as variables of a script's own scope.</summary>
    public void AddVariables(IDictionary? secrets, SessionState session)
    {
        foreach ((string name, object value) in Named(secrets))
        {
            SecretVariables.RequireScriptName(name);
            if ((session.PSVariable.Get(name)?.Options & (ScopedItemOptions.ReadOnly | ScopedItemOptions.Constant)) is not (null or 0))
                throw SecretVariables.OfPowerShell(name);
            Place(SecretPlace.Variables, name, value);
        }
    }

    /// <summary>Secrets under the names that plans have for them; a credential is its password, and its user's name beside it.</summary>
    /// <returns>The names that each can stand for, that which was given first.</returns>
    public IReadOnlyList<string[]> AddProvisioning(IDictionary? secrets)
    {
        var given = new List<string[]>();
        foreach ((string name, object value) in Named(secrets))
        {
            if (name.Length is 0 or > MaxNameLength || name.Any(char.IsControl))
                throw Invalid($"'{DisplayText.Clean(name, 80)}' is no name for a secret. Use 1 to {MaxNameLength} characters.", name);
            var credential = value as PSCredential;
            AddNamed(name, Reveal(credential?.Password ?? value));
            given.Add(credential is null ? [name] : [name, name + SecretRedactor.UserNameSuffix]);
            if (credential is not null)
                AddNamed(name + SecretRedactor.UserNameSuffix, Encoding.UTF8.GetBytes(credential.UserName));
        }

        RequireHidden(secrets, passwordSuffix: "");

        return given;
    }

    /// <summary>The secrets of a step, under names that only this step sees.</summary>
    public void AddStep(int number, OrderSecrets step)
    {
        foreach ((string name, byte[] value) in step._values)
            _values.Add(Pantry.Protocol.OrderSteps.SecretName(number, name), value);
    }

    /// <summary>The password for another user, which Windows wants.</summary>
    public void AddPassword(PSCredential credential) => _values[RunAsUser.PasswordSecret] = Reveal(credential.Password);

    /// <summary>The order without its secrets, and with the places where they go.</summary>
    public ScriptOrder TakeOut(ScriptOrder order) => order with
    {
        Arguments = [.. order.Arguments.Select((value, index) => TakeOut(SecretPlace.Arguments, index, value))],
        Parameters = order.Parameters is null ? null : TakeOut(SecretPlace.Parameters, order.Parameters),
        Using = TakeOut(SecretPlace.Using, order.Using),
        Secrets = _places,
    };

    /// <summary>Forgets the values, once they are sealed.</summary>
    public void Wipe()
    {
        foreach (byte[] value in _values.Values)
            CryptographicOperations.ZeroMemory(value);
    }

    private Hashtable TakeOut(string where, Hashtable values)
    {
        var rest = (Hashtable)values.Clone();
        foreach (DictionaryEntry entry in values)
            rest[entry.Key] = TakeOut(where, LanguagePrimitives.ConvertTo<string>(entry.Key), entry.Value);
        return rest;
    }

    private object? TakeOut(string where, object key, object? value)
    {
        if (!IsSecret(value))
            return value;
        Place(where, key, Unwrapped(value)!);
        return null;
    }

    private void Place(string where, object key, object value)
    {
        var credential = value as PSCredential;
        // The script's places refer to them; what they are called is nobody's business.
        string name = $"secret/{_places.Count}", password = name + SecretRedactor.PasswordSuffix, user = name + SecretRedactor.UserNameSuffix;
        _values.Add(password, Reveal(credential?.Password ?? value));
        if (credential is not null)
            _values.Add(user, Encoding.UTF8.GetBytes(credential.UserName));
        _places.Add(new SecretPlace(where, key, password, credential is null ? null : user));
    }

    private void AddVariable(string name, byte[] value)
    {
        _ = SecretVariables.Text(name, value);
        if (!_values.TryAdd(name, value))
            throw Invalid($"Two secrets have the name '{name}'. A credential takes two names: with _USERNAME and with _PASSWORD at its end.", name);
    }

    private void AddNamed(string name, byte[] value)
    {
        if (!_values.TryAdd(name, value))
            throw Invalid($"Two secrets have the name '{DisplayText.Clean(name, 80)}'. A credential takes two names: its own, and that with _USERNAME at its end.", name);
    }

    // A client takes such a pair for a credential, whose user's name it shows.
    private void RequireHidden(IDictionary? secrets, string passwordSuffix)
    {
        foreach ((string name, object value) in Named(secrets))
        {
            if (value is not PSCredential && name.EndsWith(SecretRedactor.UserNameSuffix, StringComparison.Ordinal)
                && name[..^SecretRedactor.UserNameSuffix.Length] is var credential && _values.ContainsKey(credential + passwordSuffix))
            {
                throw Invalid($"The secret '{DisplayText.Clean(name, 80)}' would be shown in output: beside '{DisplayText.Clean(credential + passwordSuffix, 80)}' it is taken for the name of a credential's user. "
                    + $"Give both as one PSCredential named '{DisplayText.Clean(credential, 80)}', or call it something else.", name);
            }
        }
    }

    private static IEnumerable<(string Name, object Value)> Named(IDictionary? secrets)
    {
        foreach (DictionaryEntry entry in secrets ?? new Hashtable())
        {
            string name = LanguagePrimitives.ConvertTo<string>(entry.Key);
            object? value = Unwrapped(entry.Value);
            yield return IsSecret(value) ? (name, value!) : throw Invalid(
                $"The secret '{DisplayText.Clean(name, 80)}' is {(value is null ? "nothing" : $"a {value.GetType().Name}")}. "
                + "Give a SecureString, a PSCredential or a Pantry.Secret, which are shown nowhere: Read-Host -AsSecureString and Get-Credential ask for one, Get-Secret takes one from a vault.",
                name);
        }
    }

    private static byte[] Reveal(object value)
    {
        if (value is Secret given)
            return given.Reveal();
        using var copy = new Secret((SecureString)value);
        return copy.Reveal();
    }

    private static object? Unwrapped(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static PantryException Invalid(string message, string name) => new(PantryErrorCode.InvalidArgument, message) { Target = name };
}
